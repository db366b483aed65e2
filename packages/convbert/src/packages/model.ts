export * from "@convbert/model";
