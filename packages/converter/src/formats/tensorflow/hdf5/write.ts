import { WeightsError } from "../../../errors.js";
import { type SizedTensor, wireBytes } from "../../../wire.js";
import {
  datasetMessages,
  datatype,
  groupMessages,
  type OutMessage,
  objectHeader,
  SUPERBLOCK_BYTES,
  superblock,
  textAttribute,
} from "./build.js";

/** A group: attributes, and groups or tensors by name. A tensor in several groups is stored once. */
export interface OutGroup {
  readonly attributes: OutMessage[];
  readonly members: Map<string, OutGroup | SizedTensor>;
}

export function newGroup(): OutGroup {
  return { attributes: [], members: new Map() };
}

/** Puts a tensor at a path below a group, and makes the groups on the way. */
export function addDataset(group: OutGroup, path: string, tensor: SizedTensor): void {
  const names = path.split("/");
  let inner = group;
  for (const name of names.slice(0, -1)) {
    let next = inner.members.get(name);
    if (next === undefined) {
      next = newGroup();
      inner.members.set(name, next);
    }
    if (!isGroup(next))
      throw new WeightsError("mismatch", `${path} goes through the tensor ${next.name}`, { tensor: path });
    inner = next;
  }
  inner.members.set(names.at(-1)!, tensor);
}

function isGroup(member: OutGroup | SizedTensor): member is OutGroup {
  return "members" in member;
}

/** What Keras allows a list of names to take, so that it fits an attribute. */
const LARGEST_LIST = 64_512;

/** Attributes with a list of names, in as many parts as Keras makes. */
export function nameAttributes(name: string, texts: readonly string[]): OutMessage[] {
  const width = Math.max(1, ...texts.map((text) => new TextEncoder().encode(text).length));
  if (width > LARGEST_LIST) {
    throw new WeightsError("mismatch", `a name of ${width} bytes does not fit into an attribute of HDF5`);
  }
  const most = Math.floor(LARGEST_LIST / width);
  if (texts.length <= most) return [textAttribute(name, texts)];
  const parts = Math.ceil(texts.length / most);
  const step = Math.ceil(texts.length / parts);
  return Array.from({ length: parts }, (_, i) => textAttribute(`${name}${i}`, texts.slice(i * step, (i + 1) * step)));
}

/**
 * The pieces of an HDF5 file (superblock 2, links in the headers, contiguous data): first all headers, then the values
 * of one tensor after the other, each asked for when its turn comes.
 */
export async function* writeHdf5(root: OutGroup, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const tensors = new Set<SizedTensor>();
  const groups: OutGroup[] = [];
  const visit = (group: OutGroup): void => {
    groups.push(group);
    for (const member of group.members.values()) {
      if (isGroup(member)) visit(member);
      else tensors.add(member);
    }
  };
  visit(root);
  // Headers have the same size whatever addresses stand in them.
  const addresses = new Map<OutGroup | SizedTensor, number>();
  const data = new Map<SizedTensor, number | undefined>();
  const headers = (): Uint8Array[] => [
    ...groups.map((group) => {
      const links = new Map([...group.members].map(([name, member]) => [name, addresses.get(member) ?? 0]));
      return objectHeader([...groupMessages(links), ...group.attributes]);
    }),
    ...[...tensors].map((tensor) => {
      const type = datatype(tensor.dtype);
      if (type === undefined) {
        throw new WeightsError("unsupported", `HDF5 files have no ${tensor.dtype} values; convert with another dtype`, {
          tensor: tensor.name,
        });
      }
      return objectHeader(datasetMessages(type, tensor.shape, tensor.byteLength, data.get(tensor)));
    }),
  ];
  let at = SUPERBLOCK_BYTES;
  for (const [i, { length }] of headers().entries()) {
    addresses.set(i < groups.length ? groups[i]! : [...tensors][i - groups.length]!, at);
    at = aligned(at + length);
  }
  for (const tensor of tensors) {
    data.set(tensor, tensor.byteLength === 0 ? undefined : at);
    at = aligned(at + tensor.byteLength);
  }
  yield superblock(addresses.get(root)!, at);
  for (const header of headers()) {
    yield header;
    yield new Uint8Array(aligned(header.length) - header.length);
  }
  for (const tensor of tensors) {
    yield* wireBytes(tensor, signal);
    yield new Uint8Array(aligned(tensor.byteLength) - tensor.byteLength);
  }
}

function aligned(position: number): number {
  return Math.ceil(position / 8) * 8;
}
