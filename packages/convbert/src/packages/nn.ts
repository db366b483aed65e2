export * from "@convbert/nn";
