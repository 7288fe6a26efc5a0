import { useEffect, useState } from "react";
import { Select } from "../ui/Select";

type Theme = "system" | "light" | "dark";
const KEY = "cds.theme";
const THEMES: { value: Theme; label: string }[] = [{ value: "system", label: "System" }, { value: "light", label: "Light" }, { value: "dark", label: "Dark" }];

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system";
  }
}

/** Shows the page as it was chosen, before it is drawn: the sign-in too. */
export function applyTheme(): void {
  document.documentElement.dataset.theme = stored();
}

/** Follows the system until told otherwise. */
export function ThemeSwitch() {
  const [theme, setTheme] = useState<Theme>(stored);
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // It then lasts as long as the page.
    }
  }, [theme]);
  return (
    <Select label="Theme" className="theme" value={theme} onChange={setTheme} choices={THEMES} />
  );
}
