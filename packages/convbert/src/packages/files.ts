export * from "@convbert/files";
