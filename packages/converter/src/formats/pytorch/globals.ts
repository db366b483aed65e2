import type { WireDType } from "../../dtypes.js";
import { CONTAINER_COST, type PickleBudget, type PickleGlobal, PickleObject, PickleTuple } from "./pickle.js";

/** The memory that tensors are views of: one record of the file. */
export interface StorageRef {
  readonly key: string;
  /** Undefined where the file says bytes only, and the tensor says the type. */
  readonly dtype: WireDType | undefined;
  /** Why its type cannot be read, where it cannot. */
  readonly unsupported?: string;
  /** Elements of `dtype`; bytes where that is undefined. */
  readonly length: number;
  /** Start of a view in a larger storage, in elements (very old files). */
  readonly start: number;
}

/** A tensor as the pickle describes it; nothing of it is checked yet. */
export class TensorRef {
  readonly storage: unknown;
  readonly offset: unknown;
  readonly shape: unknown;
  readonly stride: unknown;
  readonly dtype: unknown;

  constructor(storage: unknown, offset: unknown, shape: unknown, stride: unknown, dtype?: unknown) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.stride = stride;
    this.dtype = dtype;
  }
}

/** A tensor of a kind that has no plain values, kept so that the error comes only where it is needed. */
export class UnsupportedTensor {
  readonly kind: string;

  constructor(kind: string) {
    this.kind = kind;
  }
}

/** `torch.float32` and its like; `dtype` is undefined for what safetensors cannot hold. */
export class TorchDType {
  readonly name: string;
  readonly dtype: WireDType | undefined;

  constructor(name: string, dtype: WireDType | undefined) {
    this.name = name;
    this.dtype = dtype;
  }
}

/** A class of storages, as the first part of a persistent id names it. */
export class StorageType {
  readonly name: string;
  readonly dtype: WireDType | undefined;

  constructor(name: string, dtype: WireDType | undefined) {
    this.name = name;
    this.dtype = dtype;
  }
}

const STORAGES: Readonly<Record<string, WireDType>> = {
  DoubleStorage: "F64",
  FloatStorage: "F32",
  HalfStorage: "F16",
  BFloat16Storage: "BF16",
  LongStorage: "I64",
  IntStorage: "I32",
  ShortStorage: "I16",
  CharStorage: "I8",
  ByteStorage: "U8",
  BoolStorage: "BOOL",
  ComplexFloatStorage: "C64",
};

const OTHER_STORAGES = ["UntypedStorage", "ComplexDoubleStorage", "QInt8Storage", "QUInt8Storage", "QInt32Storage"];

const DTYPES: Readonly<Record<string, WireDType>> = {
  float64: "F64",
  double: "F64",
  float32: "F32",
  float: "F32",
  float16: "F16",
  half: "F16",
  bfloat16: "BF16",
  int64: "I64",
  long: "I64",
  int32: "I32",
  int: "I32",
  int16: "I16",
  short: "I16",
  int8: "I8",
  uint8: "U8",
  bool: "BOOL",
  uint16: "U16",
  uint32: "U32",
  uint64: "U64",
  complex64: "C64",
  cfloat: "C64",
  float8_e4m3fn: "F8_E4M3",
  float8_e5m2: "F8_E5M2",
  float8_e4m3fnuz: "F8_E4M3FNUZ",
  float8_e5m2fnuz: "F8_E5M2FNUZ",
  float8_e8m0fnu: "F8_E8M0",
};

type Handler = (args: readonly unknown[], budget: PickleBudget) => unknown;

const inert =
  (type: string): Handler =>
  () =>
    new PickleObject(type);

const dictionary: Handler = ([items], budget) => {
  budget.spend(CONTAINER_COST);
  const made = new Map<unknown, unknown>();
  if (items instanceof Map) {
    budget.spend(items.size);
    for (const [key, value] of items) made.set(key, value);
  } else if (Array.isArray(items)) {
    budget.spend(items.length);
    for (const item of items) {
      const pair = item instanceof PickleTuple ? item.items : item;
      if (Array.isArray(pair) && pair.length === 2) made.set(pair[0], pair[1]);
    }
  }
  return made;
};

/** A view whose values are not those of its storage: PyTorch negates or conjugates them as it reads. */
function marked(marks: unknown): UnsupportedTensor | null {
  if (!(marks instanceof Map)) return null;
  if (marks.get("conj") === true) return new UnsupportedTensor("conjugated (lazily; resolve_conj() it)");
  return marks.get("neg") === true ? new UnsupportedTensor("negated (lazily; resolve_neg() it)") : null;
}

/** Modules whose classes training scripts keep beside the weights; their instances are passed over. */
const BYSTANDERS =
  /^(pytorch_lightning|lightning|lightning_fabric|omegaconf|pathlib|datetime|uuid|deepspeed|transformers\.(models\.convbert\.configuration_convbert|training_args|trainer_utils|trainer_pt_utils))(\.|$)/;

/** Everything that a pickle may name. Each handler is ours and only describes; none runs what the file says. */
const HANDLERS: Readonly<Record<string, Handler>> = {
  "collections.OrderedDict": dictionary,
  "collections.defaultdict": (_, budget) => dictionary([], budget),
  "collections.Counter": dictionary,
  "builtins.dict": dictionary,
  "builtins.list": inert("list"),
  "builtins.set": inert("set"),
  "builtins.frozenset": inert("frozenset"),
  "builtins.complex": inert("complex"),
  "builtins.bytearray": inert("bytearray"),
  "builtins.int": inert("int"),
  "builtins.float": inert("float"),
  "builtins.slice": inert("slice"),
  "_codecs.encode": inert("bytes"),
  "argparse.Namespace": inert("Namespace"),
  "torch.Size": ([items]) => items,
  "torch.device": inert("device"),
  "torch._utils._rebuild_tensor": ([storage, offset, shape, stride]) => new TensorRef(storage, offset, shape, stride),
  "torch._utils._rebuild_tensor_v2": ([storage, offset, shape, stride, , , marks]) =>
    marked(marks) ?? new TensorRef(storage, offset, shape, stride),
  "torch._utils._rebuild_tensor_v3": ([storage, offset, shape, stride, , , dtype, marks]) =>
    marked(marks) ?? new TensorRef(storage, offset, shape, stride, dtype),
  "torch._utils._rebuild_parameter": ([data]) => data,
  "torch._utils._rebuild_parameter_with_state": ([data]) => data,
  "torch._utils._rebuild_device_tensor_from_cpu_tensor": ([data]) => data,
  "torch._tensor._rebuild_from_type_v2": ([rebuild, , args], budget) =>
    args instanceof PickleTuple && isGlobal(rebuild) ? rebuild.call(args.items, budget) : new PickleObject("tensor"),
  "torch.nn.parameter.Parameter": ([data]) => data ?? new PickleObject("Parameter"),
  "torch.nn.Parameter": ([data]) => data ?? new PickleObject("Parameter"),
  "torch.Tensor": inert("Tensor"),
  "torch._utils._rebuild_sparse_tensor": () => new UnsupportedTensor("sparse"),
  "torch._utils._rebuild_qtensor": () => new UnsupportedTensor("quantized"),
  "torch._utils._rebuild_nested_tensor": () => new UnsupportedTensor("nested"),
  "torch._utils._rebuild_meta_tensor_no_storage": () => new UnsupportedTensor("meta (without values)"),
  "torch._utils._rebuild_wrapper_subclass": () => new UnsupportedTensor("wrapper"),
  "torch.serialization._get_layout": inert("layout"),
  "numpy.core.multiarray.scalar": inert("numpy scalar"),
  "numpy._core.multiarray.scalar": inert("numpy scalar"),
  "numpy.core.multiarray._reconstruct": inert("numpy array"),
  "numpy._core.multiarray._reconstruct": inert("numpy array"),
  "numpy.ndarray": inert("numpy array"),
  "numpy.dtype": inert("numpy dtype"),
};

function isGlobal(value: unknown): value is PickleGlobal {
  return typeof value === "object" && value !== null && typeof (value as Partial<PickleGlobal>).call === "function";
}

/** A global is called when a pickle builds an instance; names of types (`torch.float32`) are values themselves. */
export function findGlobal(module: string, name: string): PickleGlobal | undefined {
  const home = module === "__builtin__" ? "builtins" : module;
  const id = `${home}.${name}`;
  if (home === "torch" || home === "torch.cuda" || home === "torch.storage") {
    const known = Object.hasOwn(STORAGES, name);
    if (known || OTHER_STORAGES.includes(name)) {
      return asGlobal(id, new StorageType(name, known ? STORAGES[name] : undefined));
    }
  }
  if (home === "torch" && Object.hasOwn(DTYPES, name)) return asGlobal(id, new TorchDType(name, DTYPES[name]));
  if (home === "torch" && /^(complex128|cdouble|complex32|chalf|q?u?int\d+(x\d+)?|float4_e2m1fn_x2)$/.test(name)) {
    return asGlobal(id, new TorchDType(name, undefined));
  }
  if (Object.hasOwn(HANDLERS, id)) return { id, call: HANDLERS[id]! };
  return BYSTANDERS.test(module) ? { id, call: inert(id) } : undefined;
}

/** A type stands for itself; calling it, which no checkpoint does, gives an inert object. */
function asGlobal<T extends object>(id: string, value: T): T & PickleGlobal {
  return Object.assign(value, { id, call: inert(id) });
}
