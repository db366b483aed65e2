/** Whether code has an instruction from 0x100 on behind the SIMD prefix: the relaxed ones. */
function usesRelaxed(bytes) {
  const code = new Uint8Array(bytes);
  return code.some((byte, at) => byte === 0xfd && (code[at + 1] ?? 0) >= 0x80 && code[at + 2] === 2);
}

/** Makes this engine one from before 2023, without relaxed vector instructions. */
export function forbidRelaxed() {
  const { validate } = WebAssembly;
  WebAssembly.validate = (bytes) => !usesRelaxed(bytes) && validate.call(WebAssembly, bytes);
}
