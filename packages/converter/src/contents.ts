/**
 * Says what a file really is, for messages about one that is not what its name promises.
 * @param start its first bytes, 16 or more where it has them.
 */
export function describeContents(start: Uint8Array): string | undefined {
  const text = String.fromCharCode(...start.subarray(0, 16));
  if (text.startsWith("version https://")) {
    return "a Git LFS pointer, not the weights: run `git lfs pull` in the folder, or download the file itself";
  }
  if (text.startsWith("\x89HDF\r\n")) return "an HDF5 file (TensorFlow's tf_model.h5)";
  if (/^\s*<(!doctype|html|\?xml)/i.test(text)) return "a web page, perhaps an error page of the server";
  if (text.startsWith("PK")) return "a zip archive, as pytorch_model.bin is";
  if (text.startsWith("\x1f\x8b")) return "gzip-compressed: unpack it first";
  if (text.startsWith("\x93NUMPY")) return "a NumPy array";
  if (text.startsWith("GGUF")) return "a GGUF file";
  if (start.length >= 9 && start[8] === 0x7b && text.slice(4, 8) === "\0\0\0\0") return "a safetensors file";
  if (/^\s*[{[]/.test(text)) return "a JSON file";
  return undefined;
}
