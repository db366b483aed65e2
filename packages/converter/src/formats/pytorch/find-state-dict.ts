import { printable } from "@convbert/files/internal";
import { WeightsError } from "../../errors.js";
import { TensorRef, UnsupportedTensor } from "./globals.js";
import { PickleTuple } from "./pickle.js";

/** Keys under which training scripts keep the weights, the likeliest first; "module" is DeepSpeed's. */
const KEYS = ["state_dict", "model_state_dict", "model", "module", "net", "weights", "params", "ema"];
const MAX_NESTING = 4;
/** Dictionaries that are looked at; the layers of a checkpoint's dictionaries have a handful. */
const MAX_LOOKS = 1000;

type Dict = ReadonlyMap<unknown, unknown>;

/** A tensor, of whatever kind. */
export function isTensor(value: unknown): boolean {
  return value instanceof TensorRef || value instanceof UnsupportedTensor;
}

/**
 * The dictionary of weights in what a file holds: itself, or one inside, under a key that training scripts use, else the
 * only one that has tensors. A tensor beside it (a best score, class weights, the state of a random generator) does not
 * make the outer dictionary the weights: the one with more tensors is taken, the inner one if they have as many.
 * @throws WeightsError "unsupported" when there is none, or several could be meant.
 */
export function findStateDict(root: unknown, file: string): Dict {
  const looked = { count: 0 };
  const found = root instanceof Map ? search(root, [], looked, file) : null;
  if (found !== null) return found.dict;
  const what = root instanceof Map ? `a dict with the keys ${keysOf(root)}` : describe(root);
  throw new WeightsError("unsupported", `no state dict found: it holds ${what}; save model.state_dict() alone`, {
    file,
  });
}

interface Found {
  readonly dict: Dict;
  readonly tensors: number;
  readonly path: readonly string[];
}

function search(dict: Dict, path: readonly string[], looked: { count: number }, file: string): Found | null {
  const own: Found = { dict, tensors: [...dict.values()].filter(isTensor).length, path };
  const inner = path.length < MAX_NESTING ? innerDict(dict, path, looked, file) : null;
  if (inner !== null && inner.tensors > 0 && inner.tensors >= own.tensors) return inner;
  // An empty dictionary is a state dict too, if an odd one.
  return own.tensors > 0 || (dict.size === 0 && path.length < MAX_NESTING) ? own : inner;
}

function innerDict(dict: Dict, path: readonly string[], looked: { count: number }, file: string): Found | null {
  const look = (key: string): Found | null => {
    const value = dict.get(key);
    if (!(value instanceof Map) || ++looked.count > MAX_LOOKS) return null;
    return search(value, [...path, key], looked, file);
  };
  for (const key of KEYS) {
    const found = look(key);
    if (found !== null && found.tensors > 0) return found;
  }
  const others = [...dict.keys()]
    .filter((key): key is string => typeof key === "string" && !KEYS.includes(key))
    .map(look)
    .filter((found): found is Found => found !== null && hasNames(found.dict));
  if (others.length > 1) {
    const paths = others.slice(0, 4).map((found) => printable(found.path.join(".")));
    const message = `it holds several state dicts, under ${paths.join(", ")}; save one of them alone`;
    throw new WeightsError("unsupported", message, { file });
  }
  return others[0] ?? null;
}

/** Weights have names with dots; an optimizer's state has numbers. */
function hasNames(dict: Dict): boolean {
  return [...dict].some(([key, value]) => typeof key === "string" && key.includes(".") && isTensor(value));
}

function keysOf(map: Dict): string {
  const keys = [...map.keys()]
    .slice(0, 8)
    .map((key) => (typeof key === "string" ? printable(key.slice(0, 20)) : typeof key));
  return keys.join(", ") + (map.size > keys.length ? ", ..." : "");
}

function describe(value: unknown): string {
  if (isTensor(value)) return "a single tensor without a name";
  if (Array.isArray(value) || value instanceof PickleTuple) return "a list";
  return value === null ? "nothing" : `a ${typeof value === "object" ? "single object" : typeof value}`;
}
