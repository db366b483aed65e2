export * from "@convbert/trainer";
