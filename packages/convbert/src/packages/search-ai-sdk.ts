export * from "@convbert/search/ai-sdk";
