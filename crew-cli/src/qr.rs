//! Qr: a text as a picture of half blocks, for a phone to read off the terminal.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

use crate::error::{CliError, exit};
use crate::style::Style;
use words::say;

/// The picture, lines with their ends. In a style with colours it is dark on light whatever the terminal's are.
///
/// # Errors
/// If the text is longer than a QR holds.
pub fn picture(text: &str, style: Style) -> Result<String, CliError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).map_err(|error| {
        CliError::new(
            exit::OTHER,
            "qr",
            say!("qr-too-long", error = error.to_string()),
            say!("qr-too-long-hint"),
        )
    })?;
    let plain = code.render::<Dense1x2>().quiet_zone(true).build();
    Ok(plain.lines().map(|line| format!("{}\n", style.qr(line))).collect())
}

#[cfg(test)]
mod tests {
    use super::picture;
    use crate::style::Style;

    #[test]
    fn a_link_makes_a_square_and_a_novel_is_refused() {
        let link = "cuadrilla:https://cuadrilla.example:8443#K7QM-2XWD-9RTF.0123456789ABCDEF";
        let drawn = picture(link, Style { is_on: false }).unwrap();
        let widths: Vec<usize> = drawn.lines().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{drawn}");
        assert_eq!(widths.len(), widths[0].div_ceil(2));
        assert!(picture(link, Style { is_on: true }).unwrap().contains("\u{1b}[30;107m"));
        assert!(picture(&"x".repeat(5_000), Style { is_on: false }).is_err());
    }
}
