//! Disk: a model of files, what of them is durable, and what a power cut may leave.
//!
//! Strict: a write is durable once its file was synced, a name once its folder was; everything else may be lost, kept, or
//! kept in part, in any combination. Order counts for nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use cuadrilla_tests::random::Random;

/// Bytes that a disk writes as a whole, or not.
pub const SECTOR_BYTES: usize = 512;

/// A file or a folder, whatever its name.
pub type Node = usize;

/// One thing that a program did.
#[derive(Debug, Clone)]
pub enum Op {
    /// A new file or folder got its name.
    Make { folder: Node, name: String, node: Node, is_folder: bool },
    /// A file or folder got another name, in place of what had it.
    Rename { from: (Node, String), to: (Node, String), node: Node },
    /// A file got one more name.
    Link { folder: Node, name: String, node: Node },
    /// A name went.
    Unlink { folder: Node, name: String },
    /// Bytes were written.
    Write { node: Node, at: u64, bytes: Vec<u8> },
    /// A file was cut or extended.
    Cut { node: Node, len: u64 },
    /// A file or folder is durable as it was after so many operations.
    Sync { node: Node, covers: usize },
    /// The world was told something: what was printed, or nothing if it went over the network.
    Said(Vec<u8>),
}

impl Op {
    /// Returns whether a power cut may undo it.
    pub fn is_effect(&self) -> bool {
        !matches!(self, Self::Sync { .. } | Self::Said(_))
    }

    /// Returns the nodes that must be synced for this one to be durable.
    pub fn needs(&self) -> Vec<Node> {
        match self {
            Self::Make { folder, .. } | Self::Link { folder, .. } | Self::Unlink { folder, .. } => {
                vec![*folder]
            }
            Self::Rename { from, to, .. } => vec![from.0, to.0],
            Self::Write { node, .. } | Self::Cut { node, .. } => vec![*node],
            Self::Sync { .. } | Self::Said(_) => Vec::new(),
        }
    }
}

/// What becomes of one operation that was not durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing of it.
    Lost,
    /// All of it.
    Kept,
    /// Its first so many bytes.
    Torn(usize),
    /// Each sector by chance.
    Scattered(u64),
    /// Its length, but zeros for its bytes.
    Zeros,
    /// Its length, but other bytes.
    Garbage(u64),
}

/// Files and folders.
#[derive(Debug, Clone)]
pub struct Disk {
    nodes: Vec<Content>,
}

#[derive(Debug, Clone)]
enum Content {
    File(Vec<u8>),
    Folder(BTreeMap<String, Node>),
}

impl Default for Disk {
    fn default() -> Self {
        Self { nodes: vec![Content::Folder(BTreeMap::new())] }
    }
}

impl Disk {
    /// Returns a disk with everything below `root`, all of it durable.
    pub fn load(root: &Path) -> anyhow::Result<Self> {
        let mut disk = Self::default();
        disk.load_into(0, root)?;
        Ok(disk)
    }

    fn load_into(&mut self, folder: Node, path: &Path) -> anyhow::Result<()> {
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            let name = entry.file_name().into_string().ok().context("a name that is no text")?;
            let is_folder = entry.file_type()?.is_dir();
            let node = self.next_node();
            self.apply(&Op::Make { folder, name, node, is_folder });
            if is_folder {
                self.load_into(node, &entry.path())?;
            } else {
                self.nodes[node] = Content::File(std::fs::read(entry.path())?);
            }
        }
        Ok(())
    }

    /// Returns the folder of everything.
    pub fn root(&self) -> Node {
        0
    }

    /// Returns the number that the next file or folder gets.
    pub fn next_node(&self) -> Node {
        self.nodes.len()
    }

    /// Returns the node with this path.
    pub fn find(&self, path: &Path) -> Option<Node> {
        path.components().try_fold(0, |node, part| match &self.nodes[node] {
            Content::Folder(names) => names.get(part.as_os_str().to_str()?).copied(),
            Content::File(_) => None,
        })
    }

    /// Returns the folder of a path, and the name in it.
    pub fn place(&self, path: &Path) -> anyhow::Result<(Node, String)> {
        let name = path.file_name().and_then(|name| name.to_str()).context("no name")?;
        let folder = path.parent().and_then(|parent| self.find(parent));
        Ok((
            folder.with_context(|| format!("the model has no folder of {}", path.display()))?,
            name.to_owned(),
        ))
    }

    /// Returns the path of a file or folder, if it has one.
    pub fn path_of(&self, wanted: Node) -> Option<PathBuf> {
        if wanted == 0 {
            return Some(PathBuf::new());
        }
        self.paths().into_iter().find(|(_, node)| *node == wanted).map(|(path, _)| path)
    }

    /// Returns all paths with their nodes, folders before their content.
    pub fn paths(&self) -> Vec<(PathBuf, Node)> {
        let (mut found, mut next) = (Vec::new(), vec![(PathBuf::new(), 0)]);
        // A name that was kept while an older one was lost may lead to the same folder twice.
        let mut seen = BTreeSet::new();
        while let Some((path, node)) = next.pop() {
            let Content::Folder(names) = &self.nodes[node] else { continue };
            if !seen.insert(node) {
                continue;
            }
            for (name, node) in names {
                found.push((path.join(name), *node));
                next.push((path.join(name), *node));
            }
        }
        found
    }

    /// Returns the length of a file.
    pub fn len(&self, node: Node) -> u64 {
        self.bytes(node).map_or(0, |bytes| bytes.len() as u64)
    }

    /// Returns the bytes of a file.
    pub fn bytes(&self, node: Node) -> Option<&[u8]> {
        match self.nodes.get(node) {
            Some(Content::File(bytes)) => Some(bytes),
            _ => None,
        }
    }

    fn folder(&mut self, node: Node) -> Option<&mut BTreeMap<String, Node>> {
        match self.nodes.get_mut(node) {
            Some(Content::Folder(names)) => Some(names),
            _ => None,
        }
    }

    fn reserve(&mut self, node: Node, is_folder: bool) {
        while self.nodes.len() <= node {
            self.nodes.push(Content::File(Vec::new()));
        }
        if is_folder {
            self.nodes[node] = Content::Folder(BTreeMap::new());
        }
    }

    /// Does an operation, whole.
    pub fn apply(&mut self, op: &Op) {
        self.apply_with(op, Fate::Kept);
    }

    /// Does what is left of an operation.
    pub fn apply_with(&mut self, op: &Op, fate: Fate) {
        match op {
            Op::Make { folder, name, node, is_folder } => {
                // The thing itself is there in any case; without its name it is out of reach.
                self.reserve(*node, *is_folder);
                if fate != Fate::Lost
                    && let Some(names) = self.folder(*folder)
                {
                    names.insert(name.clone(), *node);
                }
            }
            _ if fate == Fate::Lost => {}
            Op::Rename { from, to, node } => {
                if let Some(names) = self.folder(from.0)
                    && names.get(&from.1) == Some(node)
                {
                    names.remove(&from.1);
                }
                if let Some(names) = self.folder(to.0) {
                    names.insert(to.1.clone(), *node);
                }
            }
            Op::Link { folder, name, node } => {
                if let Some(names) = self.folder(*folder) {
                    names.insert(name.clone(), *node);
                }
            }
            Op::Unlink { folder, name } => {
                if let Some(names) = self.folder(*folder) {
                    names.remove(name);
                }
            }
            Op::Write { node, at, bytes } => self.write(*node, *at, bytes, fate),
            Op::Cut { node, len } => {
                if let Some(Content::File(bytes)) = self.nodes.get_mut(*node) {
                    bytes.resize(usize::try_from(*len).expect("files fit in memory"), 0);
                }
            }
            Op::Sync { .. } | Op::Said(_) => {}
        }
    }

    fn write(&mut self, node: Node, at: u64, new: &[u8], fate: Fate) {
        let Some(Content::File(bytes)) = self.nodes.get_mut(node) else { return };
        let at = usize::try_from(at).expect("files fit in memory");
        let mut put = |range: std::ops::Range<usize>, from: &[u8]| {
            if bytes.len() < at + range.end {
                bytes.resize(at + range.end, 0);
            }
            bytes[at + range.start..at + range.end].copy_from_slice(&from[range]);
        };
        match fate {
            Fate::Lost => {}
            Fate::Kept => put(0..new.len(), new),
            Fate::Torn(kept) => put(0..kept.min(new.len()), new),
            Fate::Zeros => put(0..new.len(), &vec![0; new.len()]),
            Fate::Garbage(seed) => {
                let mut random = Random::new(seed);
                let garbage: Vec<u8> = new.iter().map(|_| random.byte()).collect();
                put(0..new.len(), &garbage);
            }
            Fate::Scattered(seed) => {
                let mut random = Random::new(seed);
                let mut start = 0;
                while start < new.len() {
                    // Sectors lie at whole multiples of their size in the file.
                    let end = new.len().min(start + SECTOR_BYTES - (at + start) % SECTOR_BYTES);
                    if random.one_in(2) {
                        put(start..end, new);
                    }
                    start = end;
                }
            }
        }
    }

    /// Writes everything out below `root`, which must be empty, private as the programs make it.
    pub fn materialise(&self, root: &Path) -> anyhow::Result<()> {
        use std::io::Write as _;
        let mut folders = self.paths();
        folders.sort();
        for (path, node) in folders {
            let target = root.join(&path);
            match &self.nodes[node] {
                Content::Folder(_) => std::fs::DirBuilder::new().mode(0o700).create(&target)?,
                Content::File(bytes) => {
                    let mut file =
                        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&target)?;
                    file.write_all(bytes)?;
                }
            }
        }
        Ok(())
    }

    /// Writes the disk as [`Disk::materialise`] does, into a folder that it makes.
    pub fn materialise_new(&self, root: &Path) -> anyhow::Result<()> {
        std::fs::DirBuilder::new().mode(0o700).create(root)?;
        self.materialise(root)
    }

    /// Checks that the content below `root` is that of the model. If it is not, the recording missed a call.
    pub fn ensure_same(&self, root: &Path) -> anyhow::Result<()> {
        let (mine, real) = (self.contents(), Self::load(root)?.contents());
        for (path, bytes) in &mine {
            ensure!(real.contains_key(path), "the recording has {}, the disk has not", path.display());
            ensure!(real[path] == *bytes, "{} is not as it was recorded", path.display());
        }
        ensure!(mine.len() == real.len(), "the disk has files that the recording has not");
        Ok(())
    }

    /// Returns each path and its bytes; folders have none.
    pub fn contents(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        self.paths().into_iter().map(|(path, node)| (path, self.bytes(node).map(<[u8]>::to_vec))).collect()
    }

    /// Returns a number that is another for other contents.
    pub fn digest(&self) -> u128 {
        let mut all = Vec::new();
        let mut paths = self.paths();
        paths.sort();
        for (path, node) in paths {
            all.extend_from_slice(path.as_os_str().as_encoded_bytes());
            match self.bytes(node) {
                Some(bytes) => {
                    all.push(1);
                    all.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
                    all.extend_from_slice(bytes);
                }
                None => all.push(0),
            }
        }
        let hash = sync_core::id::Hash::tagged("power/disk", &[&all]);
        u128::from_le_bytes(hash.0[..16].try_into().expect("16 bytes"))
    }
}
