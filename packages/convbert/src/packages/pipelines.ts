export * from "@convbert/pipelines";
