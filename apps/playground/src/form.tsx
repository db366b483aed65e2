import {
  chooseModel,
  choosePanel,
  fields,
  input,
  model,
  ownModels,
  replaceInput,
  setInput,
  shippedModels,
  task,
  titleOf,
} from "./state/store.js";
import type { Field, TaskView } from "./tasks/task.js";
import type { ModelRef } from "./worker/protocol.js";

type Form = Omit<TaskView, "Answer">;

/** The inputs of a task: its model, its fields, and examples. */
export function FormOfTask({ view }: { view: Form }) {
  const name = model.value === null ? "" : titleOf(model.value);
  const examples = view.examples[name] ?? Object.values(view.examples)[0] ?? [];
  const note = view.notes?.[name];
  return (
    <section class="form" aria-label="What to read">
      <ModelChoice />
      {note !== undefined && <p class="hint note">{note}</p>}
      {fields.value.map((field) => (
        <FieldOfForm key={`${view.name} ${field.name}`} field={field} />
      ))}
      <fieldset class="examples" aria-label="Examples">
        {examples.map((example) => {
          const [first = ""] = Object.values(example);
          const isShown = Object.entries(example).every(([field, value]) => input.value[field] === value);
          return (
            <button
              key={JSON.stringify(example)}
              type="button"
              aria-pressed={isShown}
              onClick={() => replaceInput(example)}
            >
              <bdi>{first}</bdi>
            </button>
          );
        })}
        {Object.values(input.value).some((value) => value !== "") && (
          <button type="button" class="quiet" onClick={() => replaceInput({})}>
            Clear
          </button>
        )}
      </fieldset>
    </section>
  );
}

function ModelChoice() {
  const own = ownModels.value.filter(({ tasks }) => tasks.includes(task.value)).map(({ model: added }) => added);
  const choices: ModelRef[] = [...shippedModels.value.map((name) => ({ kind: "shipped", name }) as const), ...own];
  const current = model.value;
  if (current !== null && !choices.some((choice) => titleOf(choice) === titleOf(current))) choices.push(current);
  return (
    <label class="field model">
      <span>Model</span>
      <select
        value={current === null ? "none" : titleOf(current)}
        onChange={({ currentTarget: { value } }) => {
          if (value === "other") choosePanel("own-model");
          const chosen = choices.find((choice) => titleOf(choice) === value);
          if (chosen !== undefined) chooseModel(chosen);
        }}
      >
        {current === null && <option value="none">none yet</option>}
        {choices.map((choice) => (
          <option key={titleOf(choice)} value={titleOf(choice)}>
            {titleOf(choice)}
          </option>
        ))}
        <option value="other">another one …</option>
      </select>
    </label>
  );
}

function FieldOfForm({ field: { name, label, rows, placeholder, optional } }: { field: Field }) {
  const value = input.value[name] ?? "";
  if (rows === 0) {
    return (
      <label class="switch">
        <input
          type="checkbox"
          checked={value === "yes"}
          onChange={(event) => setInput({ [name]: event.currentTarget.checked ? "yes" : "" })}
        />
        {label}
      </label>
    );
  }
  return (
    <label class="field">
      <span>
        {label} {optional && <small>(optional)</small>}
      </span>
      <textarea
        dir="auto"
        rows={rows}
        value={value}
        placeholder={placeholder}
        spellcheck={false}
        onInput={(event) => setInput({ [name]: event.currentTarget.value })}
      />
    </label>
  );
}
