//! `cargo xtask sbom`: what the two programs are made of, as CycloneDX 1.5 in JSON, from cargo's own metadata and the lock
//! file. Build scripts and tests are no part of a program and stand in no list.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::Parser;
use cyclonedx_bom::models::component::{Classification, Component, Components};
use cyclonedx_bom::models::dependency::{Dependencies, Dependency};
use cyclonedx_bom::models::hash::{Hash, HashAlgorithm, HashValue, Hashes};
use cyclonedx_bom::models::license::{LicenseChoice, Licenses};
use cyclonedx_bom::models::metadata::Metadata;
use cyclonedx_bom::prelude::{Bom, Purl, Validate as _};
use rustsec::Lockfile;
use serde_json::Value;

use crate::run::{cargo, root, target_dir};

/// Package and program.
const PROGRAMS: [(&str, &str); 2] = [("cuadrilla-server", "cuadrilla-server"), ("crew-cli", "crew")];
/// What offices run.
const TARGET: &str = "x86_64-unknown-linux-gnu";

#[derive(Parser)]
pub struct Sbom {
    /// Folder for the two files; otherwise `target/sbom`.
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Sbom {
    pub fn run(&self) -> anyhow::Result<()> {
        let out = self.out.clone().unwrap_or_else(|| target_dir().join("sbom"));
        std::fs::create_dir_all(&out)?;
        for file in write(&out)? {
            eprintln!("{}", file.display());
        }
        Ok(())
    }
}

/// Writes a file for each program. Returns their names.
pub fn write(out: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let graph = Graph::read()?;
    let mut written = Vec::new();
    for (package, program) in PROGRAMS {
        let bom = graph.bom(package, program)?;
        let result = bom.validate();
        ensure!(result.passed(), "{program}: {result:?}");
        let path = out.join(format!("{program}.cdx.json"));
        let mut bytes = Vec::new();
        bom.output_as_json_v1_5(&mut bytes)?;
        std::fs::write(&path, bytes)?;
        written.push(path);
    }
    Ok(written)
}

/// Packages by cargo's id, and what each is linked with.
struct Graph {
    packages: BTreeMap<String, Value>,
    links: BTreeMap<String, Vec<String>>,
    sums: BTreeMap<(String, String), String>,
}

impl Graph {
    fn read() -> anyhow::Result<Self> {
        let told = cargo()
            .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", TARGET])
            .output()
            .context("cargo metadata")?;
        ensure!(told.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&told.stderr));
        let told: Value = serde_json::from_slice(&told.stdout)?;
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let id = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let packages = list(&told["packages"]).into_iter().map(|one| (id(&one["id"]), one)).collect();
        let is_linked = |dep: &Value| list(&dep["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
        let links = list(&told["resolve"]["nodes"])
            .iter()
            .map(|node| {
                let linked = list(&node["deps"]);
                (
                    id(&node["id"]),
                    linked.iter().filter(|dep| is_linked(dep)).map(|dep| id(&dep["pkg"])).collect(),
                )
            })
            .collect();
        let sums = Lockfile::load(root().join("Cargo.lock"))?
            .packages
            .into_iter()
            .filter_map(|one| {
                Some(((one.name.to_string(), one.version.to_string()), one.checksum?.to_string()))
            })
            .collect();
        Ok(Self { packages, links, sums })
    }

    fn bom(&self, package: &str, program: &str) -> anyhow::Result<Bom> {
        let is_it =
            |one: &&String| self.packages[*one]["name"] == package && self.packages[*one]["source"].is_null();
        let top = self.packages.keys().find(is_it).with_context(|| format!("no package {package}"))?;
        let reached = self.reached(top);
        let mut components = Vec::new();
        for id in reached.iter().filter(|id| *id != top) {
            components.push(self.component(id)?);
        }
        let mut main = self.component(top)?;
        main.component_type = Classification::Application;
        main.name = cyclonedx_bom::prelude::NormalizedString::new(program);
        let of = |id: &String| Dependency {
            dependency_ref: self.reference(id),
            dependencies: self.links.get(id).into_iter().flatten().map(|one| self.reference(one)).collect(),
        };
        Ok(Bom {
            metadata: Some(Metadata { component: Some(main), ..Metadata::default() }),
            components: Some(Components(components)),
            dependencies: Some(Dependencies(reached.iter().map(of).collect())),
            // The same sources make the same file.
            serial_number: None,
            ..Bom::default()
        })
    }

    fn reached(&self, top: &str) -> BTreeSet<String> {
        let (mut reached, mut waiting) = (BTreeSet::new(), vec![top.to_owned()]);
        while let Some(id) = waiting.pop() {
            if reached.insert(id.clone()) {
                waiting.extend(self.links.get(&id).into_iter().flatten().cloned());
            }
        }
        reached
    }

    fn text(&self, id: &str, name: &str) -> String {
        self.packages[id][name].as_str().unwrap_or_default().to_owned()
    }

    fn reference(&self, id: &str) -> String {
        format!("{}@{}", self.text(id, "name"), self.text(id, "version"))
    }

    fn component(&self, id: &str) -> anyhow::Result<Component> {
        let (name, version) = (self.text(id, "name"), self.text(id, "version"));
        let mut one = Component::new(Classification::Library, &name, &version, Some(self.reference(id)));
        // Old crates write a slash for "or".
        let license = self.text(id, "license").replace('/', " OR ").replace("  ", " ");
        if !license.is_empty() {
            one.licenses = Some(Licenses(vec![LicenseChoice::expression(&license)]));
        }
        if !self.packages[id]["source"].is_null() {
            one.purl = Some(Purl::new("cargo", &name, &version)?);
            let sum = self.sums.get(&(name, version)).context("a crate without a sum in the lock file")?;
            one.hashes =
                Some(Hashes(vec![Hash { alg: HashAlgorithm::SHA_256, content: HashValue(sum.clone()) }]));
        }
        Ok(one)
    }
}

#[cfg(test)]
mod tests {
    use super::write;

    #[test]
    fn both_programs_are_listed_with_sums_and_licences_and_without_what_only_tests_use() {
        let folder = std::env::temp_dir().join(format!("cuadrilla-sbom-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for path in write(&folder).unwrap() {
            let bom: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let components = bom["components"].as_array().unwrap();
            let has = |name: &str| components.iter().any(|one| one["name"] == name);
            assert!(has("automerge") && has("sled") && has("sync-core"), "{}", path.display());
            assert!(!has("proptest") && !has("tempfile") && !has("xtask"), "{}", path.display());
            for one in components.iter().filter(|one| one["purl"].is_string()) {
                let sum = one["hashes"][0]["content"].as_str().unwrap_or_default();
                assert!(sum.len() == 64 && !one["licenses"][0].is_null(), "{one}");
            }
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
