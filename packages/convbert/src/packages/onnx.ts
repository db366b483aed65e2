export * from "@convbert/onnx";
