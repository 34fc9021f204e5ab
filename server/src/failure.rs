//! Failure: what a command ends with when it does not end well. The one place that maps errors to exit codes.

use serde_json::{Value, json};
use store::StoreError;
use sync_core::rows::RowsError;

use crate::lang::{Lang, Text};

/// Anything that has no code of its own.
pub const EXIT_OTHER: u8 = 1;
/// Wrong usage.
pub const EXIT_USAGE: u8 = 2;
/// Records that are not what was written.
pub const EXIT_INTEGRITY: u8 = 5;

/// Why a command failed, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// A stable word for scripts.
    pub code: &'static str,
    /// What happened, and where.
    pub message: Text,
    /// What to do next.
    pub hint: Text,
    /// Exit status.
    pub exit: u8,
}

impl Failure {
    /// Wrong usage.
    pub fn usage(code: &'static str, message: Text, hint: Text) -> Self {
        Self { code, message, hint, exit: EXIT_USAGE }
    }

    /// Anything else.
    pub fn other(code: &'static str, message: Text, hint: Text) -> Self {
        Self { code, message, hint, exit: EXIT_OTHER }
    }

    /// A system call failed.
    pub fn io(what: &Text, error: &std::io::Error) -> Self {
        Self::other(
            "io",
            Text::new(format!("{}: {error}", what.es), format!("{}: {error}", what.en)),
            Text::new("Revise permisos y espacio en disco.", "Check permissions and disk space."),
        )
    }

    /// A record is damaged.
    pub fn corrupt(seq: u64, detail: &str) -> Self {
        Self {
            code: "corrupt",
            message: Text::new(
                format!("el registro {seq} del libro está dañado: {detail}"),
                format!("record {seq} of the ledger is damaged: {detail}"),
            ),
            hint: Text::new(
                "Restaure la carpeta de datos desde un respaldo y corra `verify`; los dispositivos reenvían solos \
                 lo que falte. No borre la carpeta dañada.",
                "Restore the data folder from a backup and run `verify`; the devices re-send what is missing by \
                 themselves. Do not delete the damaged folder.",
            ),
            exit: EXIT_INTEGRITY,
        }
    }

    /// The index does not read.
    pub fn rows(error: &RowsError) -> Self {
        Self::other(
            "index",
            Text::new(format!("no se pudo leer el índice: {}", error.0), error.to_string()),
            Text::new(
                "Corra `cuadrilla-server rebuild`: el índice se rehace desde el libro, no se pierde nada.",
                "Run `cuadrilla-server rebuild`: the index is remade from the ledger, nothing is lost.",
            ),
        )
    }

    /// The JSON form.
    pub fn to_json(&self, lang: Lang) -> Value {
        json!({"error": {
            "code": self.code,
            "message": self.message.get(lang),
            "hint": self.hint.get(lang),
        }})
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let en = error.to_string();
        match error {
            StoreError::Corrupt { seq, path, offset, detail } => {
                Self::corrupt(seq, &format!("{} @ {offset}: {detail}", path.display()))
            }
            StoreError::Locked { path, pid } => {
                let holder = pid.map_or_else(|| "otro proceso".into(), |pid| format!("el proceso {pid}"));
                Self::other(
                    "locked",
                    Text::new(format!("{} está en uso por {holder}", path.display()), en),
                    Text::new(
                        "Detenga ese servidor primero, o use otra carpeta con --data.",
                        "Stop that server first, or name another folder with --data.",
                    ),
                )
            }
            StoreError::Missing { path } => Self::usage(
                "no_store",
                Text::new(format!("no hay datos de Cuadrilla en {}", path.display()), en),
                Text::new(
                    "Créelos con `cuadrilla-server init --data DIR --municipality CLAVE --name NOMBRE`.",
                    "Make them with `cuadrilla-server init --data DIR --municipality KEY --name NAME`.",
                ),
            ),
            StoreError::Full { path, .. } => Self::other(
                "disk_full",
                Text::new(format!("no queda espacio para escribir en {}", path.display()), en),
                Text::new("Libere espacio y repita.", "Free some space and repeat."),
            ),
            StoreError::ReadOnly { path } => Self::other(
                "read_only",
                Text::new(format!("no se permite escribir en {}", path.display()), en),
                Text::new(
                    "Revise el dueño y los permisos de la carpeta.",
                    "Check the folder's owner and permissions.",
                ),
            ),
            StoreError::NewerFormat { path, .. } => Self::other(
                "newer_format",
                Text::new(format!("{} es de una versión más nueva de este programa", path.display()), en),
                Text::new("Actualice cuadrilla-server.", "Update cuadrilla-server."),
            ),
            StoreError::Fold { seq, .. } => {
                Self { message: Text::new(en.clone(), en.clone()), ..Self::corrupt(seq, &en) }
            }
            _ => Self::other(
                "store",
                Text::new(en.clone(), en),
                Text::new("Revise el disco y corra `verify`.", "Check the disk and run `verify`."),
            ),
        }
    }
}
