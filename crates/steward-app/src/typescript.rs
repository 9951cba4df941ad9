//! The table as TypeScript: what `call("overview_show", request)` takes and gives.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::de::DeserializeOwned;
use steward_core::revenue::amount::EXPONENTS;
use ts_rs::{Config, Dependency, TS, TypeVisitor};

use crate::change::Changes;
use crate::table::{CommandKind, Spec, TypePairVisitor, visit_types};
use crate::wire::{RpcAnswer, RpcRequest};

/// The text of `commands.ts`.
#[must_use]
pub fn commands_file(config: &Config) -> String {
    let mut rows = Rows { config, imports: BTreeSet::new(), interface: String::new(), data: String::new() };
    visit_types(&mut rows);
    let mut text = String::from(
        "// Written from crates/steward-app/src/table.rs by `cargo x gen`; changes made here are lost.\n",
    );
    let imports = ["CommandKind", "Role", "Tag", "Tier"].map(str::to_owned);
    for name in rows.imports.iter().chain(&imports).collect::<BTreeSet<_>>() {
        let _ = writeln!(text, "import type {{ {name} }} from \"./{name}\";");
    }
    let _ = write!(
        text,
        "\n/** What each command takes and gives. */\nexport interface Commands {{\n{}}}\n\n\
         /** A row of the table. */\nexport interface CommandSpec {{\n  \
         doc: string;\n  kind: CommandKind;\n  role: Role | null;\n  tier: Tier;\n  tags: readonly Tag[];\n}}\n\n\
         /** Every command with its kind, role, tier and tags. */\nexport const commands = {{\n{}}} as const \
         satisfies Record<keyof Commands, CommandSpec>;\n",
        rows.interface, rows.data
    );
    text
}

/// The text of `currencies.ts`.
fn currencies_file() -> String {
    let mut text = String::from(
        "// Written from crates/steward-core/src/revenue/amount.rs by `cargo x gen`; changes made here are lost.\n\
         /** Digits of the minor unit of currencies where it has other than two, by ISO 4217. */\n\
         export const EXPONENTS: Readonly<Record<string, number>> = {\n",
    );
    for (currency, digits) in EXPONENTS {
        let _ = writeln!(text, "  {currency}: {digits},");
    }
    text.push_str("};\n");
    text
}

/// Writes `commands.ts`, `currencies.ts` and the file of every type that a command mentions.
pub fn export(config: &Config) -> Result<(), ts_rs::ExportError> {
    let mut types = Types { config, result: Ok(()) };
    visit_types(&mut types);
    types.result?;
    crate::wire::WireError::export_all(config)?;
    Changes::export_all(config)?;
    RpcRequest::export_all(config)?;
    RpcAnswer::export_all(config)?;
    CommandKind::export_all(config)?;
    crate::table::Tier::export_all(config)?;
    std::fs::create_dir_all(config.out_dir()).map_err(ts_rs::ExportError::Io)?;
    for (name, text) in [("commands.ts", commands_file(config)), ("currencies.ts", currencies_file())] {
        std::fs::write(config.out_dir().join(name), text).map_err(ts_rs::ExportError::Io)?;
    }
    Ok(())
}

/// Writes everything into a folder; big whole numbers are plain numbers, as in the committed files.
pub fn export_to(folder: &std::path::Path) -> Result<(), ts_rs::ExportError> {
    export(&Config::new().with_large_int("number").with_out_dir(folder))
}

struct Rows<'a> {
    config: &'a Config,
    imports: BTreeSet<String>,
    interface: String,
    data: String,
}

impl TypePairVisitor for Rows<'_> {
    fn visit<Req: TS + DeserializeOwned + 'static, Res: TS + 'static>(&mut self, spec: &Spec) {
        self.imports.extend(Dependency::from_ty::<Req>(self.config).map(|found| found.ts_name));
        self.imports.extend(Dependency::from_ty::<Res>(self.config).map(|found| found.ts_name));
        let (request, response) = (Req::name(self.config), Res::name(self.config));
        let Spec { name, doc, .. } = spec;
        let _ = writeln!(
            self.interface,
            "  /** {doc} */\n  {name}: {{ request: {request}; response: {response} }};"
        );
        let _ = writeln!(
            self.data,
            "  {name}: {{ doc: {}, kind: {}, role: {}, tier: {}, tags: {} }},",
            json(&doc),
            json(&spec.kind),
            json(&spec.role),
            json(&spec.tier),
            json(&spec.tags)
        );
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("an enum or a list of them has a JSON form")
}

struct Types<'a> {
    config: &'a Config,
    result: Result<(), ts_rs::ExportError>,
}

impl TypePairVisitor for Types<'_> {
    fn visit<Req: TS + DeserializeOwned + 'static, Res: TS + 'static>(&mut self, _: &Spec) {
        TypeVisitor::visit::<Req>(self);
        TypeVisitor::visit::<Res>(self);
    }
}

impl TypeVisitor for Types<'_> {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if self.result.is_ok() && Dependency::from_ty::<T>(self.config).is_some() {
            self.result = T::export_all(self.config);
        }
    }
}

#[cfg(test)]
mod tests {
    /// Named as ts-rs names its own, so that one filter writes all files.
    #[test]
    fn export_bindings_commands() {
        super::export(&ts_rs::Config::from_env()).unwrap();
    }
}
