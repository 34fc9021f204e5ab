//! Photos on the page: each in its frame, with what its entry says of it; an erased one as an empty frame.

use sync_core::media;
use words::{Text, say};

use super::Page;
use crate::commands::order::Photo;
use crate::labels;

impl Page<'_> {
    pub(super) fn photos(&mut self, photos: &[Photo]) {
        if photos.is_empty() {
            return;
        }
        self.section(&say!("sheet-photos"));
        self.html.open("div", "photos");
        for photo in photos {
            self.html.open("figure", "");
            self.frame(photo);
            self.html.open("figcaption", "");
            self.both(&labels::photo(&photo.what));
            for words in [&photo.caption, &photo.post].into_iter().filter(|words| !words.is_empty()) {
                self.html.text(" · ").text(words);
            }
            let at = self.time(Some(&photo.by.claimed_at));
            self.html.fixed("<br>").text(&format!("{} · {at}", photo.by.person));
            self.html.fixed("<br>").element("span", "hash", &photo.sha256);
            self.html.close("figcaption").close("figure");
        }
        self.html.close("div");
    }

    /// The picture, or why there is none.
    fn frame(&mut self, photo: &Photo) {
        if let Some(erased) = &photo.erased {
            let why = labels::erasure(&erased.reason);
            return self.empty_frame(&say!("sheet-photo-erased", seq = erased.seq, why));
        }
        let names = [photo.sha256.as_str(), photo.thumb_sha256.as_str()];
        let found = names.into_iter().find_map(|name| self.pictures.get(name));
        // Only what is a picture and nothing else stands on the page.
        match found.and_then(|bytes| Some((media::check(bytes).ok()?, bytes))) {
            Some((media, bytes)) => {
                self.html.picture(media.format.media_type(), bytes);
            }
            None => self.empty_frame(&say!("case-photo-not-here")),
        }
    }

    fn empty_frame(&mut self, why: &Text) {
        self.html.open("div", "frame");
        self.both(why);
        self.html.close("div");
    }
}
