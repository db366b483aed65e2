/** Orders to a house, in four kinds: few and plain enough to be learnt in a minute. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  light: [
    "Turn on the lamp in the kitchen.",
    "It is too dark in here.",
    "Switch off the lights, please.",
    "Make the bedroom brighter.",
    "Dim the lamp a little.",
    "I cannot see anything.",
    "Lights on in the hall.",
    "Put out the lamp by the door.",
    "The bulb is far too bright.",
  ],
  heat: [
    "I am cold.",
    "Make it two degrees warmer.",
    "Turn down the heating.",
    "It is freezing in the bathroom.",
    "Set the room to twenty degrees.",
    "Is the radiator on?",
    "It is too hot upstairs.",
    "Warm up the living room before six.",
    "Stop the heating at night.",
  ],
  music: [
    "Play something quiet.",
    "Next song, please.",
    "Turn the volume up.",
    "I want to hear some jazz.",
    "Stop the music.",
    "Play the song again.",
    "Who sings this song?",
    "Put on the radio.",
    "Louder, I like this tune.",
  ],
  time: [
    "Wake me at seven.",
    "What time is it?",
    "Set a timer for ten minutes.",
    "Remind me at noon.",
    "How long until the alarm?",
    "Cancel the alarm tomorrow.",
    "Is it past eight already?",
    "Give me five more minutes.",
    "Let me know when an hour has passed.",
  ],
};

/** The kinds in turn, a line each. */
export const EXAMPLE_LINES = Array.from({ length: 9 }, (_, index) =>
  Object.entries(KINDS).map(([label, texts]) => `${label}\t${texts[index]!}`),
)
  .flat()
  .join("\n");
