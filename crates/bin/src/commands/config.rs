//! `cds config`.

use crate::{
    args::{ConfigArgs, ConfigCommand},
    settings::{example, schema},
};

pub(crate) fn run(args: ConfigArgs) -> anyhow::Result<()> {
    match args.command {
        ConfigCommand::Check(file) => {
            let settings = super::load(&file)?;
            settings.check()?;
            println!("The configuration is good.");
        }
        ConfigCommand::Example => print!("{}", example()),
        ConfigCommand::Schema => println!("{}", serde_json::to_string_pretty(&schema())?),
    }
    Ok(())
}
