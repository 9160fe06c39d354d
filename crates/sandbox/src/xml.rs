//! The XML that the query services and S3 Control answer with, and the little that is read before s3s reads it.
//!
//! Shapes: [common errors of the query protocol][errors] and the sample responses of each action's page.
//!
//! [errors]: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html

use std::fmt::Write as _;

use quick_xml::escape::escape;

/// XML being written, element by element.
#[derive(Debug, Default)]
pub(crate) struct Xml(String);

impl Xml {
    /// A document that begins with a declaration.
    pub(crate) fn document() -> Self {
        Self("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned())
    }

    /// An element with text.
    pub(crate) fn text(mut self, name: &str, text: &str) -> Self {
        let _ = write!(self.0, "<{name}>{}</{name}>", escape(text));
        self
    }

    /// An element with others inside.
    pub(crate) fn element(mut self, name: &str, inside: impl FnOnce(Self) -> Self) -> Self {
        let _ = write!(self.0, "<{name}>");
        self = inside(self);
        let _ = write!(self.0, "</{name}>");
        self
    }

    /// The outermost element, with its namespace.
    pub(crate) fn root(mut self, name: &str, namespace: &str, inside: impl FnOnce(Self) -> Self) -> Self {
        let _ = write!(self.0, "<{name} xmlns=\"{namespace}\">");
        self = inside(self);
        let _ = write!(self.0, "</{name}>");
        self
    }

    /// One element for each item.
    pub(crate) fn each<T>(self, items: impl IntoIterator<Item = T>, one: impl Fn(Self, T) -> Self) -> Self {
        items.into_iter().fold(self, one)
    }

    /// Everything of another piece, at the end.
    pub(crate) fn append(mut self, other: Self) -> Self {
        self.0.push_str(&other.0);
        self
    }

    /// The text so far.
    pub(crate) fn finish(self) -> String {
        self.0
    }
}

/// An XML document read whole: names without their prefixes, text trimmed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// Reads a document; nothing when it is not well-formed or nests deeper than any request of AWS.
    pub(crate) fn parse(document: &[u8]) -> Option<Self> {
        use quick_xml::events::Event;
        let mut reader = quick_xml::Reader::from_reader(document);
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) if open.len() < 16 => {
                    open.push(Self::named(start.local_name().as_ref())?);
                }
                Event::Start(_) => return None,
                Event::Empty(empty) => {
                    let child = Self::named(empty.local_name().as_ref())?;
                    open.last_mut()?.children.push(child);
                }
                Event::End(_) => {
                    let done = open.pop()?;
                    open.last_mut()?.children.push(done);
                }
                Event::Text(text) => open.last_mut()?.text.push_str(text.decode().ok()?.trim()),
                Event::CData(text) => open.last_mut()?.text.push_str(std::str::from_utf8(&text).ok()?),
                Event::GeneralRef(entity) => {
                    let character = match entity.resolve_char_ref().ok()? {
                        Some(character) => character.to_string(),
                        None => {
                            quick_xml::escape::resolve_predefined_entity(&entity.decode().ok()?)?.to_owned()
                        }
                    };
                    open.last_mut()?.text.push_str(&character);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let mut outside = open.pop().filter(|_| open.is_empty())?;
        outside.children.pop().filter(|_| outside.children.is_empty())
    }

    /// The first child of this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of this name.
    pub(crate) fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }

    fn named(name: &[u8]) -> Option<Self> {
        Some(Self { name: std::str::from_utf8(name).ok()?.to_owned(), ..Self::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        let xml = Xml::default().root("A", "urn:x", |xml| xml.text("B", "a<b>&\"c")).finish();
        assert_eq!(xml, "<A xmlns=\"urn:x\"><B>a&lt;b&gt;&amp;&quot;c</B></A>");
        assert_eq!(Element::parse(xml.as_bytes()).unwrap().child_text("B"), Some("a<b>&\"c"));
    }

    #[test]
    fn what_is_not_well_formed_is_nothing() {
        let deep = "<a>".repeat(40);
        for document in ["", "<a>", "<a></b>", "<a/><b/>", "</a>", deep.as_str(), "<a>&nope;</a>"] {
            assert_eq!(Element::parse(document.as_bytes()), None, "{document}");
        }
    }
}
