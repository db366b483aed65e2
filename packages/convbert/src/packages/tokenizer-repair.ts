export * from "@convbert/tokenizer/repair";
