//! Parting: the server showed another past than the one it had signed. What is said about it, and where.

use sync_core::replica::SplitView;

use crate::commands::audit::verify::remote;
use crate::context::Context;
use crate::error::{CliError, exit};
use crate::text;
use words::Lang;

/// The alarm for a person. The work is safe: the exchange went through before this is said.
pub fn found(cx: &Context, parted: &SplitView) -> CliError {
    let (kept, shown) = (parted.kept.size, parted.shown.size);
    // If the place cannot be found out now, the alarm is given all the same.
    let place = remote::locate(cx, &parted.kept).map(|parting| parting.words());
    let place = place.unwrap_or_else(|_| {
        text!(
            "crew audit verify --from dice dónde se separan",
            "crew audit verify --from says where they part"
        )
    });
    let (es, en) = (place.of(Lang::Es), place.of(Lang::En));
    CliError::new(
        exit::INTEGRITY,
        "parted",
        text!(
            "el servidor mostró otro pasado: su libro de {shown} hechos no continúa el de {kept} que este equipo \
             guardó firmado; {es}",
            "the server showed another past: its ledger of {shown} entries does not continue the one of {kept} that \
             this device keeps signed; {en}"
        ),
        text!(
            "su trabajo está a salvo y se volvió a entregar; avise a contraloría: los dos sellos quedan en este \
             equipo (crew audit checkpoint --parted --out ARCHIVO)",
            "your work is safe and was handed over again; tell the auditor: both checkpoints stay on this device \
             (crew audit checkpoint --parted --out FILE)"
        ),
    )
}
