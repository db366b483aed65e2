export * from "@convbert/tokenizer/training";
