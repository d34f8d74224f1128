//! Event streams (text/event-stream), as far as answers use them: the data of each event is a message.

/// A parser that takes bytes and returns the data of complete events.
#[derive(Debug, Default)]
pub(super) struct Events {
    rest: Vec<u8>,
    data: Vec<String>,
}

impl Events {
    /// Takes the next bytes and returns the data of the events that they complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        self.rest.extend_from_slice(bytes);
        let mut complete = Vec::new();
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if let Some(data) = line.strip_prefix("data:") {
                self.data.push(data.strip_prefix(' ').unwrap_or(data).to_owned());
            } else if line.is_empty() && !self.data.is_empty() {
                complete.push(std::mem::take(&mut self.data).join("\n"));
            }
        }
        complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_complete_wherever_the_bytes_are_cut() {
        let stream =
            ": hello\nevent: message\r\ndata: {\"a\":\r\ndata: \"ü\"}\r\n\r\nid: 7\ndata:x\n\ndata: lost";
        for cut in 0..stream.len() {
            let mut events = Events::default();
            let mut found = events.push(&stream.as_bytes()[..cut]);
            found.extend(events.push(&stream.as_bytes()[cut..]));
            assert_eq!(found, ["{\"a\":\n\"ü\"}", "x"]);
        }
    }
}
