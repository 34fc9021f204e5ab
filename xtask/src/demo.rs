//! `cargo xtask demo`: the main job on the real plan of Mezquitic, from an empty folder to a resolved clash.
//!
//! Every command shown is really run, with the built programs, and must succeed; the story stops where one does not.

pub mod stage;

use std::process::Command;

use clap::Args;

use crate::run::build;
use stage::Stage;

/// How to tell the story.
#[derive(Args)]
pub struct Demo {
    /// Ends the server when the story is over, instead of leaving it running.
    #[arg(long)]
    end: bool,
    /// Uses the release profile.
    #[arg(long)]
    release: bool,
}

/// What the dispatcher hands out, as the plan of 2018 names it.
const MORTERO: &str = "El Mortero";

impl Demo {
    /// Builds the programs, then plays.
    pub fn run(&self) -> anyhow::Result<()> {
        // The app goes into the server, where it can be built.
        crate::web::build_once();
        build(&["cuadrilla-server", "crew-cli"], self.release)?;
        let mut stage = Stage::open("demo", self.release)?;
        let result = play(&mut stage);
        if result.is_err() || self.end {
            stage.end_server()?;
        }
        result?;
        stage.say("Fin. / The end.", "");
        if !self.end {
            stage.how_to_go_on();
        }
        Ok(())
    }
}

fn play(stage: &mut Stage) -> anyhow::Result<()> {
    office_opens(stage)?;
    let orders = dispatch_plans(stage)?;
    crews_enrol(stage)?;
    days_without_signal(stage, &orders)?;
    back_in_town(stage, &orders)?;
    decide_and_prove(stage, &orders)
}

/// Folios of the orders the story follows.
struct Orders {
    pump: String,
    chlorination: String,
    lamp: String,
    sewer: String,
}

fn office_opens(stage: &mut Stage) -> anyhow::Result<()> {
    stage.say("1. La oficina abre su libro y el servidor.", "The office opens its ledger and the server.");
    let code = stage.init()?;
    stage.serve()?;
    stage.enrol("admin", &code, "Administración")?;
    let code = stage.invite(&["--role", "dispatcher"])?;
    stage.enrol("despacho", &code, "Despacho")
}

fn dispatch_plans(stage: &mut Stage) -> anyhow::Result<Orders> {
    stage.say(
        "2. Despacho importa localidades, cuadrillas, activos y el plan 2018.",
        "Dispatch imports the real plan.",
    );
    stage.crew("despacho", &["sync"])?;
    let plan = stage.plan();
    stage.crew("despacho", &["import", &plan])?;
    let chlorination = stage.folio(&[
        "order",
        "new",
        "--kind",
        "chlorination",
        "--locality",
        "Ocota de la Sierra",
        "--crew",
        "C-01",
    ])?;
    let lamp = stage.folio(&[
        "order",
        "new",
        "--kind",
        "luminaire_repair",
        "--locality",
        "El Chalate",
        "--crew",
        "C-04",
    ])?;
    stage.crew("despacho", &["sync"])?;
    stage.crew("despacho", &["order", "list"])?;
    let pump = stage.find("pump_replacement", MORTERO)?;
    let sewer = stage.find("sewer_cleaning", "San Miguel Huaixtita")?;
    Ok(Orders { pump, chlorination, lamp, sewer })
}

fn crews_enrol(stage: &mut Stage) -> anyhow::Result<()> {
    stage.say(
        "3. Contraloría y tres cuadrillas (cuatro teléfonos) se dan de alta.",
        "The auditor and the crews enrol.",
    );
    let code = stage.invite(&["--role", "auditor"])?;
    stage.enrol("contraloria", &code, "Contraloría")?;
    let phones = [
        ("c01", "C-01", "Cuadrilla 1 · teléfono A"),
        ("c01b", "C-01", "Cuadrilla 1 · teléfono B"),
        ("c03", "C-03", "Cuadrilla 3"),
        ("c04", "C-04", "Cuadrilla 4"),
    ];
    for (home, crew, name) in phones {
        let code = stage.invite(&["--role", "crew", "--crew", crew])?;
        stage.enrol(home, &code, name)?;
        stage.crew(home, &["sync"])?;
    }
    stage.crew("c03", &["order", "list"])
}

fn days_without_signal(stage: &mut Stage, orders: &Orders) -> anyhow::Result<()> {
    stage.say(
        "4. Días sin señal: el servidor está apagado y todos trabajan.",
        "Days without signal: the server is off.",
    );
    stage.end_server()?;
    chlorinate(stage, &orders.chlorination)?;
    stage.say(
        "   Dos teléfonos de la misma cuadrilla cambian la misma bomba.",
        "Two phones, one pump: a clash.",
    );
    change_pump(stage, "c01", &orders.pump, "KSB-88213", "Placa leída en el pozo")?;
    change_pump(stage, "c01b", &orders.pump, "KSB-88231", "La placa está rayada, creo que dice 31")?;
    mend_lamp(stage, &orders.lamp)?;
    let sewer = orders.sewer.as_str();
    stage.crew("c03", &["order", "start", sewer])?;
    stage.crew("c03", &["note", sewer, "Se desazolvaron 120 m entre la escuela y el arroyo"])?;
    stage.crew("c03", &["order", "finish", sewer])?;
    stage.crew("c03", &["status"])?;
    stage.say(
        "   Sin señal para días: el trabajo de la 3 baja en USB con la 4.",
        "Crew 3's work travels on a USB stick.",
    );
    let stick = stage.path("usb.cuadrilla");
    stage.crew("c03", &["bundle", "export", &stick])?;
    stage.crew("c04", &["bundle", "import", &stick])
}

fn chlorinate(stage: &mut Stage, folio: &str) -> anyhow::Result<()> {
    stage.crew("c01", &["order", "start", folio])?;
    stage.crew(
        "c01",
        &["order", "measure", folio, "cloro", "0.10", "mg/L", "--where", "llave de la escuela"],
    )?;
    stage.crew("c01", &["order", "set", folio, "dosis", "1.50"])?;
    stage.crew("c01", &["order", "material", folio, "HIPO-CA-65", "1.5", "kg"])?;
    stage.crew(
        "c01",
        &["order", "measure", folio, "cloro", "0.80", "mg/L", "--where", "llave de la escuela"],
    )?;
    stage.crew("c01", &["note", folio, "El tanque tenía sedimento; se lavó antes de clorar"])?;
    stage.crew("c01", &["order", "finish", folio])
}

fn change_pump(stage: &mut Stage, home: &str, folio: &str, serial: &str, note: &str) -> anyhow::Result<()> {
    stage.crew(home, &["order", "start", folio])?;
    stage.crew(home, &["order", "set", folio, "pump_serial", serial])?;
    stage.crew(home, &["note", folio, note])?;
    stage.crew(home, &["order", "measure", folio, "gasto", "4.2", "L/s"])?;
    stage.crew(home, &["order", "finish", folio])
}

fn mend_lamp(stage: &mut Stage, folio: &str) -> anyhow::Result<()> {
    stage.crew("c04", &["order", "start", folio])?;
    let fault = stage.first_choice("luminaire_repair", "fault")?;
    stage.crew("c04", &["order", "set", folio, "fault", &fault])?;
    stage.crew("c04", &["note", folio, "Foco fundido frente a la capilla; quedó prendida"])?;
    stage.crew("c04", &["order", "finish", folio])
}

fn back_in_town(stage: &mut Stage, orders: &Orders) -> anyhow::Result<()> {
    stage.say("5. Vuelve la señal: un viaje de red por teléfono.", "Signal is back: one round trip a phone.");
    stage.serve()?;
    for home in ["c01", "c01b", "c04", "c01", "despacho", "contraloria"] {
        stage.crew(home, &["sync"])?;
    }
    stage.say(
        "   El trabajo de la cuadrilla 3 llegó con la 4, bajo su propio nombre.",
        "Carried work keeps its author.",
    );
    stage.crew("despacho", &["order", "show", &orders.sewer])?;
    stage.crew("despacho", &["conflict", "list"])
}

fn decide_and_prove(stage: &mut Stage, orders: &Orders) -> anyhow::Result<()> {
    stage.say(
        "6. Despacho resuelve con su razón; contraloría repite la historia.",
        "Dispatch decides; the auditor replays.",
    );
    let before = stage.server_seq("contraloria")?;
    let pump = orders.pump.as_str();
    stage.crew(
        "despacho",
        &["conflict", "resolve", pump, "pump_serial", "--take", "1", "--reason", "Coincide con la factura"],
    )?;
    for home in ["despacho", "c01", "c01b", "contraloria"] {
        stage.crew(home, &["sync"])?;
    }
    stage.crew("despacho", &["order", "list"])?;
    stage.crew("c01b", &["order", "show", pump])?;
    stage.say("   Lo que la oficina sabía antes de decidir:", "What the office knew before it decided:");
    stage.crew("contraloria", &["audit", "replay", "--order", pump, "--at-seq", &before])?;
    stage.crew("contraloria", &["audit", "log", "--order", pump])?;
    stage.verify()
}

/// Returns a program of the workspace, as the stage starts it.
fn program(path: &std::path::Path) -> Command {
    let mut command = Command::new(path);
    command.env_remove("CUADRILLA_HOME").env("LANG", "es_MX.UTF-8").stdin(std::process::Stdio::null());
    command
}
