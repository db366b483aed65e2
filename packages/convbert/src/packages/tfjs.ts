export * from "@convbert/tfjs";
