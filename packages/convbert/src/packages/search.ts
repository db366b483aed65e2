export * from "@convbert/search";
