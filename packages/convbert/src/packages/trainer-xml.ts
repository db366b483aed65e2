export * from "@convbert/trainer/xml";
