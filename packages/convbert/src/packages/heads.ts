export * from "@convbert/heads";
