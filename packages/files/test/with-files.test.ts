import { openFiles, withFiles } from "@convbert/files";
import { expect, test } from "vitest";

test("withFiles closes what it opened, also after a failure, and leaves open what was open", async () => {
  let closed = 0;
  const opened = await openFiles({ "config.json": "{}" });
  const files = { ...opened, close: async () => void closed++ };
  expect(await withFiles(files, {}, (set) => set.readText("config.json"))).toBe("{}");
  await expect(withFiles(files, {}, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  expect(closed).toBe(0);
  expect(await withFiles({ "a.txt": "a" }, {}, async (set) => set.list!())).toEqual(["a.txt"]);
  await expect(withFiles("./nowhere", {}, async () => 1)).rejects.toMatchObject({ code: "not-found" });
  await expect(withFiles({}, {}, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
});
