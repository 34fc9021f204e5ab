//! Upload: the requests by which photos go and come: tus 1.0, each with the ticket for its blob.

use ureq::http;

use super::{HttpError, Server, check_head, header, read_bounded};

/// The header that carries the ticket for a blob.
pub const BLOB_TICKET_HEADER: &str = "Cuadrilla-Blob-Ticket";
/// A request of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upload {
    /// Begins one, or finds how far it came.
    Create,
    /// Finds how far it came.
    Look,
    /// Brings a piece.
    Piece,
}

/// What came of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uploaded {
    /// How many bytes the server has; `None` if the piece did not begin there.
    pub offset: Option<u64>,
}

impl Server {
    /// Sends one request of an upload (tus 1.0) under `path`, with these headers and this piece.
    ///
    /// # Errors
    /// As [`Server::post`].
    pub fn upload(
        &self,
        method: Upload,
        path: &str,
        headers: &[(&str, &str)],
        piece: &[u8],
    ) -> Result<Uploaded, HttpError> {
        self.check_private()?;
        let url = format!("{}{path}", self.url);
        let with = |mut request: http::request::Builder| {
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            request.header("Tus-Resumable", "1.0.0")
        };
        let name = match method {
            Upload::Create => "POST",
            Upload::Look => "HEAD",
            Upload::Piece => "PATCH",
        };
        let request = with(http::Request::builder().method(name).uri(url)).body(piece);
        let request = request.map_err(|error| HttpError::Garbled(error.to_string()))?;
        let mut response = self.agent.run(request).map_err(|error| HttpError::from_ureq(&error))?;
        let status = response.status().as_u16();
        if !(200..300).contains(&status) && !matches!(status, 409 | 423) {
            return Err(check_head(&self.url, &mut response).err().unwrap_or(HttpError::NotCuadrilla));
        }
        // Only this server speaks of an offset: a page that answers 200 does not.
        let offset = header(&response, "upload-offset").and_then(|offset| offset.parse().ok());
        match (status, offset) {
            (409 | 423, _) => Ok(Uploaded { offset: None }),
            (_, Some(offset)) => Ok(Uploaded { offset: Some(offset) }),
            (_, None) => Err(HttpError::NotCuadrilla),
        }
    }

    /// Reads a blob with its ticket. Nothing says yet that it is the right one.
    ///
    /// # Errors
    /// As [`Server::get`].
    pub fn blob(&self, path: &str, ticket: &str) -> Result<Vec<u8>, HttpError> {
        self.check_private()?;
        let asked = self
            .agent
            .get(format!("{}{path}", self.url))
            .header("Accept-Encoding", "identity")
            .header(BLOB_TICKET_HEADER, ticket)
            .call();
        let mut response = asked.map_err(|error| HttpError::from_ureq(&error))?;
        match response.status().as_u16() {
            200 => read_bounded(response.body_mut()),
            404 | 410 => Err(HttpError::Missing(path.to_owned())),
            _ => Err(check_head(&self.url, &mut response).err().unwrap_or(HttpError::NotCuadrilla)),
        }
    }
}
