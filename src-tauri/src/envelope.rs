//! How a request is packed on its way from the screen: as JSON, or as raw bytes with the rest in two headers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use tauri::http::HeaderMap;
use tauri::ipc::InvokeBody;

/// Names the command when the body is raw bytes.
const COMMAND_HEADER: &str = "x-command";
/// Holds the arguments when the body is raw bytes: base64 of JSON, since a header takes ASCII only.
const ARGS_HEADER: &str = "x-args";
/// Names the file whose bytes the body is: base64 of UTF-8.
const NAME_HEADER: &str = "x-name";

/// One request, unpacked.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Envelope {
    /// Which command of the device.
    pub(crate) command: String,
    /// Its arguments.
    #[serde(default)]
    pub(crate) args: Value,
    /// Bytes that came with it, such as a photo.
    #[serde(skip)]
    pub(crate) body: Option<Vec<u8>>,
}

impl Envelope {
    /// Unpacks a request, or says what is wrong with it.
    pub(crate) fn read(body: &InvokeBody, headers: &HeaderMap) -> Result<Self, String> {
        match body {
            InvokeBody::Json(value) => {
                Self::deserialize(value).map_err(|error| format!("The call is not a command with arguments: {error}."))
            }
            InvokeBody::Raw(bytes) => {
                let command = text(headers, COMMAND_HEADER)?.to_owned();
                let args = STANDARD
                    .decode(text(headers, ARGS_HEADER)?)
                    .map_err(|error| format!("The header {ARGS_HEADER} is not base64: {error}."))?;
                let args = serde_json::from_slice(&args)
                    .map_err(|error| format!("The header {ARGS_HEADER} holds no JSON: {error}."))?;
                Ok(Self { command, args, body: Some(bytes.clone()) })
            }
        }
    }
}

/// The name that came with the bytes of a file.
pub(crate) fn named_bytes(headers: &HeaderMap) -> Result<String, String> {
    let name = STANDARD
        .decode(text(headers, NAME_HEADER)?)
        .map_err(|error| format!("The header {NAME_HEADER} is not base64: {error}."))?;
    String::from_utf8(name).map_err(|error| format!("The header {NAME_HEADER} holds no text: {error}."))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| format!("A call with raw bytes needs the header {name}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_names_its_command_and_arguments() {
        let body = InvokeBody::Json(json!({ "command": "doors", "args": { "building": "3" } }));
        let read = Envelope::read(&body, &HeaderMap::new()).unwrap();
        assert_eq!(read, Envelope { command: "doors".into(), args: json!({ "building": "3" }), body: None });
    }

    #[test]
    fn arguments_may_be_left_out() {
        let body = InvokeBody::Json(json!({ "command": "status" }));
        assert_eq!(Envelope::read(&body, &HeaderMap::new()).unwrap().args, Value::Null);
    }

    #[test]
    fn raw_bytes_carry_chinese_arguments_in_a_header() {
        let mut headers = HeaderMap::new();
        headers.insert(COMMAND_HEADER, "photo_add".parse().unwrap());
        headers.insert(ARGS_HEADER, STANDARD.encode(r#"{"note":"门口"}"#).parse().unwrap());
        let read = Envelope::read(&InvokeBody::Raw(vec![1, 2, 3]), &headers).unwrap();
        assert_eq!(read.args, json!({ "note": "门口" }));
        assert_eq!(read.body, Some(vec![1, 2, 3]));
    }

    #[test]
    fn what_is_missing_is_named() {
        let refused = Envelope::read(&InvokeBody::Raw(vec![]), &HeaderMap::new()).unwrap_err();
        assert_eq!(refused, "A call with raw bytes needs the header x-command.");
        let refused = Envelope::read(&InvokeBody::Json(json!({})), &HeaderMap::new()).unwrap_err();
        assert!(refused.contains("command"), "{refused}");
    }
}
