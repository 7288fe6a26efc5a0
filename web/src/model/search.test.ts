import { describe, expect, it } from "vitest";
import { historySearch, jobSearch, parseSearch, projectSearch, runSearch, stringifySearch, workflowSearch } from "./search";

describe("addresses", () => {
  it("are text: no number, truth or JSON is read into them", () => {
    expect(parseSearch('?node=1&tag=true&branch={"a":1}')).toEqual({ node: "1", tag: "true", branch: '{"a":1}' });
  });

  it("come back as they were, without what is empty", () => {
    const search = "?branch=feature%2Fx&tag=git.hash%3Aabc";
    expect(stringifySearch(parseSearch(search))).toBe(search);
    expect(stringifySearch({ status: "", branch: undefined })).toBe("");
    expect(stringifySearch({ step: 0 })).toBe("?step=0");
  });

  it("take the first of a name that is given twice, and no prototype", () => {
    expect(parseSearch("?node=a&node=b").node).toBe("a");
    expect(Object.getPrototypeOf(parseSearch("?__proto__=x"))).toBe(Object.prototype);
  });
});

describe("validated search", () => {
  it("drops what has another type or is unknown", () => {
    expect(runSearch({ node: "build", tab: "nothing", exec: 3 })).toEqual({ node: "build" });
    expect(historySearch({ status: ["Fail"], branch: "main", other: "x" })).toEqual({ branch: "main" });
    expect(["Fail", "Gate", "Never Built", "bogus", "toString", "Undecided", ""].map((status) => historySearch({ status }).status)).toEqual(["Fail", "Gate", "Never Built", undefined, undefined, undefined, undefined]);
    expect(projectSearch({ list: "all", word: "long", order: "size" })).toEqual({ word: "long" });
    expect(projectSearch({ list: "runs", order: "run" })).toEqual({ list: "runs", order: "run" });
    expect(workflowSearch({ start: "1" })).toEqual({ start: "1" });
  });

  it("reads steps and attempts as numbers", () => {
    expect(jobSearch({ step: "0", attempt: "2" })).toEqual({ step: 0, attempt: 2 });
    expect(jobSearch({ step: "-1", attempt: "0" })).toEqual({});
    expect(jobSearch({ step: "1e3", attempt: "99999999999" })).toEqual({});
    expect(jobSearch({ step: 4 })).toEqual({ step: 4 });
  });
});
