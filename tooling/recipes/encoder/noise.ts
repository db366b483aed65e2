const LEFT_OUT = new Set(
  "a an the is are was were be been has have had will would that of to and his her its their this these said".split(
    " ",
  ),
);

/** A sentence as the headline of a newspaper may say it: without small words, at most twelve words. */
export function headline(sentence: string, random: () => number): string {
  const words = sentence
    .replace(/["“”()]/g, "")
    .split(" ")
    .filter((word) => !LEFT_OUT.has(word.toLowerCase()) || random() < 0.15);
  const short = words.slice(0, 5 + Math.floor(random() * 8)).join(" ");
  const text = short.replace(/[.,;:!?–—-]+$/, "");
  return random() < 0.5 ? text : text.replace(/(?<=^| )\p{Ll}/gu, (letter) => letter.toUpperCase());
}

/** A sentence with words lost, doubled or out of their order, as hasty people and poor translations write. */
export function damaged(sentence: string, random: () => number): string {
  const share = 0.05 + random() * 0.25;
  const words = sentence.split(" ").flatMap((word) => {
    if (random() >= share) return [word];
    const kind = random();
    return kind < 0.6 ? [] : kind < 0.7 ? [word, word] : [misspelt(word, random)];
  });
  for (let i = 0; i + 1 < words.length; i++) {
    if (random() < share / 2) [words[i], words[i + 1]] = [words[i + 1]!, words[i]!];
  }
  return words.join(" ");
}

function misspelt(word: string, random: () => number): string {
  const at = Math.floor(random() * word.length);
  if (word.length < 4) return word;
  return random() < 0.5 ? word.slice(0, at) + word.slice(at + 1) : word.slice(0, at) + word[at] + word.slice(at);
}
