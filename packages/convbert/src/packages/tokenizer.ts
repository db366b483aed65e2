export * from "@convbert/tokenizer";
