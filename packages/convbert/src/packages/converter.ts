export * from "@convbert/converter";
