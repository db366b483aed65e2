export * from "@convbert/search/langchain";
