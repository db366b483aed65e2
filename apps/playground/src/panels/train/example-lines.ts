/** Orders to a house, in four kinds: a way to say it, and what may stand in its gap. */
const KINDS: Readonly<Record<string, readonly [ways: readonly string[], gaps: readonly string[]]>> = {
  light: [
    [
      "Turn on the lamp in the {}.",
      "Switch off the light in the {}, please.",
      "It is too dark in the {}.",
      "Make the {} brighter.",
    ],
    ["kitchen", "hall", "bedroom", "cellar", "garden", "office"],
  ],
  heat: [
    [
      "Make it warmer in the {}.",
      "Turn down the heating in the {}.",
      "It is cold in the {}.",
      "Set the {} to twenty degrees.",
    ],
    ["kitchen", "hall", "bedroom", "cellar", "bathroom", "office"],
  ],
  music: [
    [
      "Play some {}.",
      "I want to hear {} music.",
      "Turn up the volume of the {} song.",
      "Put on {} in the kitchen, and louder.",
    ],
    ["jazz", "rock", "folk", "dance", "opera", "quiet"],
  ],
  time: [
    ["Wake me at {}.", "Set the alarm for {}.", "Remind me at {}, please.", "Is it {} already?"],
    ["six", "seven", "eight", "nine", "noon", "midnight"],
  ],
};

/** A line of each kind in turn; every gap comes with every way. */
export const EXAMPLE_LINES = Array.from({ length: 24 }, (_, index) =>
  Object.entries(KINDS).map(([label, [ways, gaps]]) => {
    const gap = gaps[(index + Math.floor(index / 12)) % gaps.length]!;
    return `${label}\t${ways[index % ways.length]!.replace("{}", gap)}`;
  }),
)
  .flat()
  .join("\n");
