export { TrainerOptionError } from "./option-error.js";
export {
  learningRateSchedule,
  type Schedule,
  type ScheduleName,
  type ScheduleOptions,
} from "./schedule/schedule.js";
