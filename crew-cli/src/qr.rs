//! Qr: a text as a picture of half blocks, for a phone to read off the terminal.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

use crate::error::{CliError, exit};
use words::say;

/// The picture, lines with their ends. With colours it is dark on light whatever the terminal's are.
///
/// # Errors
/// If the text is longer than a QR holds.
pub fn picture(text: &str, with_colours: bool) -> Result<String, CliError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).map_err(|error| {
        CliError::new(
            exit::OTHER,
            "qr",
            say!("qr-too-long", error = error.to_string()),
            say!("qr-too-long-hint"),
        )
    })?;
    let plain = code.render::<Dense1x2>().quiet_zone(true).build();
    let line = |line: &str| match with_colours {
        true => format!("\u{1b}[30;107m{line}\u{1b}[0m\n"),
        false => format!("{line}\n"),
    };
    Ok(plain.lines().map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::picture;

    #[test]
    fn a_link_makes_a_square_and_a_novel_is_refused() {
        let link = "cuadrilla:https://cuadrilla.example:8443#K7QM-2XWD-9RTF.0123456789ABCDEF";
        let drawn = picture(link, false).unwrap();
        let widths: Vec<usize> = drawn.lines().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{drawn}");
        assert_eq!(widths.len(), widths[0].div_ceil(2));
        assert!(picture(link, true).unwrap().contains("\u{1b}[30;107m"));
        assert!(picture(&"x".repeat(5_000), false).is_err());
    }
}
