const NAME = /^step-(\d{8,12})(?:\.(\d{1,6}))?$/;

/** "step-00000120"; a second checkpoint of the same step is "step-00000120.1". */
export function checkpointName(step: number, existing: readonly string[]): string {
  const plain = `step-${String(step).padStart(8, "0")}`;
  let name = plain;
  for (let i = 1; existing.includes(name); i++) name = `${plain}.${i}`;
  return name;
}

/** Names of checkpoints among others, oldest first. */
export function sortedCheckpoints(names: readonly string[]): string[] {
  const key = (name: string): [number, number] => {
    const [, step, repetition = "0"] = NAME.exec(name)!;
    return [Number(step), Number(repetition)];
  };
  return names
    .filter((name) => NAME.test(name))
    .sort((a, b) => {
      const [first, second] = [key(a), key(b)];
      return first[0] - second[0] || first[1] - second[1];
    });
}
