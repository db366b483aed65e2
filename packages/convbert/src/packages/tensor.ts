export * from "@convbert/tensor";
