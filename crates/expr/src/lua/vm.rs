//! The machine: libraries, limits, environments.

use super::{LuaError, global_name, json, re};
use mlua::chunk::ChunkMode;
use mlua::{Error, Function, Lua, LuaOptions, MultiValue, StdLib, Table, Value, VmState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How many loop turns and calls a script may take.
const MAX_TICKS: u32 = 200_000;
/// How many it may take whatever the time: a machine that stands still for a moment must not change a condition.
const FREE_TICKS: u32 = 1_000;
/// How long a script may take beyond [`FREE_TICKS`].
const MAX_TIME: Duration = Duration::from_millis(200);
/// How long a script may take in any case.
const MAX_TIME_AT_ALL: Duration = Duration::from_secs(2);
/// How much memory a script may take beyond its variables, in bytes.
const MAX_MEMORY: usize = 16 << 20;
/// Above this, what scripts left behind is collected at once, in bytes.
const TIDY_ABOVE: usize = 2 << 20;

/// What users must not have: ways out of the sandbox, ways to build code, ways to hide an error.
const REMOVED: &[&str] = &[
    "getfenv",
    "setfenv",
    "loadstring",
    "newproxy",
    "pcall",
    "collectgarbage",
    "gcinfo",
    "print",
    "debug",
    "coroutine",
];

/// Guards for what works on long texts without ever asking the limits, and functions that Lua 5.1 has not.
const GUARDS: &str = r"
local find, rep = string.find, string.rep
function string.find(text, pattern, ...)
  if #tostring(text) > 1048576 or #tostring(pattern) > 4096 then
    error('string.find: the text or the pattern is too long', 2)
  end
  return find(text, pattern, ...)
end
function string.rep(text, count)
  if text == '' then return '' end
  return rep(text, count)
end
for _, name in { 'split', 'pack', 'unpack', 'packsize' } do string[name] = nil end
for _, name in { 'move', 'create', 'find', 'clear', 'clone', 'freeze', 'isfrozen', 'pack', 'unpack' } do
  table[name] = nil
end
os.clock = nil
";

/// What a script has used up.
struct Budget {
    born: Instant,
    /// When the script began, in nanoseconds after `born`.
    began: AtomicU64,
    ticks: AtomicU32,
    exceeded: AtomicBool,
}

impl Budget {
    fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn begin(&self) {
        self.began.store(self.now(), Ordering::Relaxed);
        self.ticks.store(0, Ordering::Relaxed);
        self.exceeded.store(false, Ordering::Relaxed);
    }

    fn tick(&self) -> Result<VmState, Error> {
        let ticks = self.ticks.fetch_add(1, Ordering::Relaxed);
        let time = Duration::from_nanos(self.now().saturating_sub(self.began.load(Ordering::Relaxed)));
        let late = time > MAX_TIME_AT_ALL || (time > MAX_TIME && ticks > FREE_TICKS);
        if ticks < MAX_TICKS && !late {
            return Ok(VmState::Continue);
        }
        self.exceeded.store(true, Ordering::Relaxed);
        Err(Error::runtime("the script takes too long"))
    }
}

/// A variable given to a script.
pub(super) enum Var<'a> {
    /// A text.
    Text(&'a str),
    /// A number.
    Number(f64),
}

/// A prepared machine.
pub(super) struct Vm {
    lua: Lua,
    budget: Arc<Budget>,
    /// Metatable of environments: what is no variable is looked up in the libraries.
    loose: Table,
    /// The same, but what is found nowhere is an error.
    strict: Table,
}

impl Vm {
    pub(super) fn new() -> mlua::Result<Self> {
        let libraries = StdLib::TABLE | StdLib::STRING | StdLib::OS | StdLib::MATH;
        let lua = Lua::new_with(libraries, LuaOptions::default())?;
        lua.load(GUARDS).set_name("=guards").exec()?;
        // Taken before the sandbox closes: this very table becomes read-only, and is what scripts fall back to.
        let globals = lua.globals();
        for name in REMOVED {
            globals.raw_set(*name, Value::Nil)?;
        }
        globals.raw_set("_G", Value::Nil)?;
        globals.raw_set("require", require(&lua)?)?;
        let (loose, strict) = (lua.create_table()?, lua.create_table()?);
        loose.raw_set("__index", &globals)?;
        strict.raw_set("__index", strict_lookup(&lua, globals.clone())?)?;
        for metatable in [&loose, &strict] {
            metatable.raw_set("__metatable", false)?;
            metatable.set_readonly(true);
        }
        let budget = Arc::new(Budget {
            born: Instant::now(),
            began: AtomicU64::new(0),
            ticks: AtomicU32::new(0),
            exceeded: AtomicBool::new(false),
        });
        lua.sandbox(true)?;
        globals.set_readonly(true);
        lua.set_interrupt({
            let budget = budget.clone();
            move |_| budget.tick()
        });
        Ok(Self { lua, budget, loose, strict })
    }

    /// An environment with these variables, as far as `script` can read them.
    fn environment<'a>(
        &self,
        script: &str,
        vars: impl Iterator<Item = (&'a str, Var<'a>)>,
    ) -> mlua::Result<Table> {
        let env = self.lua.create_table()?;
        env.raw_set("_G", &env)?;
        // Only `_G` reaches a variable without writing its name.
        let all = script.contains("_G");
        for (name, value) in vars {
            let global = global_name(name);
            if !all && !script.contains(&global) {
                continue;
            }
            match value {
                Var::Text(text) => env.raw_set(global, self.lua.create_string(text)?)?,
                Var::Number(number) => env.raw_set(global, number)?,
            }
        }
        Ok(env)
    }

    /// Runs a script in a fresh environment.
    pub(super) fn run<'a>(
        &self,
        script: &str,
        strict: bool,
        vars: impl Iterator<Item = (&'a str, Var<'a>)>,
    ) -> Result<bool, LuaError> {
        let call = || -> mlua::Result<MultiValue> {
            self.lua.set_memory_limit(0)?;
            let env = self.environment(script, vars)?;
            env.set_metatable(Some(if strict { self.strict.clone() } else { self.loose.clone() }))?;
            self.lua.set_memory_limit(self.lua.used_memory() + MAX_MEMORY)?;
            self.budget.begin();
            let chunk = self.lua.load(script).set_name("=script").set_mode(ChunkMode::Text);
            chunk.set_environment(env).eval()
        };
        let results = call().map_err(|error| self.explain(error))?;
        // As the reference does, the last of several results counts.
        match results.iter().next_back() {
            Some(Value::Boolean(holds)) => Ok(*holds),
            Some(Value::Integer(_)) => Err(LuaError::NotBoolean("number".to_owned())),
            Some(other) => Err(LuaError::NotBoolean(other.type_name().to_owned())),
            None => Err(LuaError::NotBoolean("nil".to_owned())),
        }
    }

    /// Frees what the last script left, if it is much.
    pub(super) fn tidy(&self) {
        if self.lua.used_memory() > TIDY_ABOVE {
            // A failing collection shows in the next script's memory limit.
            let _ = self.lua.gc_collect();
        }
    }

    fn explain(&self, error: Error) -> LuaError {
        if self.budget.exceeded.load(Ordering::Relaxed) {
            let limit = format!("it takes more than {MAX_TICKS} steps or {} ms", MAX_TIME.as_millis());
            return LuaError::Limit(limit);
        }
        match error {
            Error::SyntaxError { message, .. } => LuaError::Script(message),
            Error::MemoryError(_) => {
                LuaError::Limit(format!("it takes more than {} MiB of memory", MAX_MEMORY >> 20))
            }
            Error::CallbackError { cause, .. } => self.explain((*cause).clone()),
            Error::RuntimeError(message) => {
                let message = message.split("\nstack traceback").next().unwrap_or_default();
                if message.contains("not enough memory") {
                    return self.explain(Error::MemoryError(message.to_owned()));
                }
                LuaError::Script(message.trim_end().to_owned())
            }
            other => LuaError::Script(other.to_string()),
        }
    }
}

fn require(lua: &Lua) -> mlua::Result<Function> {
    let (re, json) = (re::module(lua)?, json::module(lua)?);
    re.set_readonly(true);
    json.set_readonly(true);
    lua.create_function(move |_, name: String| match name.as_str() {
        "re" => Ok(re.clone()),
        "json" => Ok(json.clone()),
        "string" | "table" | "os" | "math" => {
            Err(Error::runtime(format!("module '{name}' needs no require: use it as the global `{name}`")))
        }
        _ => Err(Error::runtime(format!("module '{name}' not found: there are only `re` and `json`"))),
    })
}

fn strict_lookup(lua: &Lua, globals: Table) -> mlua::Result<Function> {
    lua.create_function(move |_, (_, key): (Table, Value)| {
        let value: Value = globals.raw_get(&key)?;
        if value.is_nil() {
            return Err(Error::runtime(format!("variable '{}' is not declared", key.to_string()?)));
        }
        Ok(value)
    })
}
