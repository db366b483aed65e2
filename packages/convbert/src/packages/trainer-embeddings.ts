export * from "@convbert/trainer/embeddings";
