import { expect, test } from "vitest";
import { fits, rank, words } from "./find";

test("words in any order; blanks, - and _ are equal", () => {
  for (const typed of ["release train", "release-train", "Release_Train", "train release", " rel  tra "]) {
    for (const name of ["release-train", "release_train", "Release Train"]) expect(fits(name, words(typed)), `${typed}: ${name}`).toBe(true);
  }
  expect(fits("release", words("release train"))).toBe(false);
  expect(fits("anything", words("  - "))).toBe(true);
  expect(fits("SHOP nightly #12", words("nightly #12"))).toBe(true);
});

test("the best first", () => {
  const names = ["a-release-train", "release-train-2", "release_train", "other"];
  expect(names.sort((a, b) => rank(a, words("release train")) - rank(b, words("release train")))).toEqual(["release_train", "release-train-2", "a-release-train", "other"]);
});
