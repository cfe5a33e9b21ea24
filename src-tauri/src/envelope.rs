//! How a request is packed on its way from the screen: as JSON, or as raw bytes with the rest in two headers. Android knows no raw
//! bytes: Tauri makes a JSON list of numbers of them there, and carries the headers along.

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
            // A list is no command, with or without the header.
            InvokeBody::Json(value) if !value.is_array() => {
                Self::deserialize(value).map_err(|error| format!("The call is not a command with arguments: {error}."))
            }
            body => {
                let command = text(headers, COMMAND_HEADER)?.to_owned();
                let args = STANDARD
                    .decode(text(headers, ARGS_HEADER)?)
                    .map_err(|error| format!("The header {ARGS_HEADER} is not base64: {error}."))?;
                let args = serde_json::from_slice(&args)
                    .map_err(|error| format!("The header {ARGS_HEADER} holds no JSON: {error}."))?;
                Ok(Self { command, args, body: Some(bytes_of(body)?) })
            }
        }
    }
}

/// The bytes that a body is, however the platform carried them.
pub(crate) fn bytes_of(body: &InvokeBody) -> Result<Vec<u8>, String> {
    match body {
        InvokeBody::Raw(bytes) => Ok(bytes.clone()),
        InvokeBody::Json(Value::Array(numbers)) => {
            let byte = |number: &Value| number.as_u64().and_then(|number| u8::try_from(number).ok());
            let bytes: Option<Vec<u8>> = numbers.iter().map(byte).collect();
            bytes.ok_or_else(|| "A list in the place of bytes holds something else.".to_owned())
        }
        InvokeBody::Json(_) => Err("There is JSON in the place of bytes.".to_owned()),
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
    fn on_android_the_bytes_of_a_photo_come_as_a_list_of_numbers() {
        let mut headers = HeaderMap::new();
        headers.insert(COMMAND_HEADER, "add_photo".parse().unwrap());
        headers.insert(ARGS_HEADER, STANDARD.encode(r#"{"note":"门口"}"#).parse().unwrap());
        let read = Envelope::read(&InvokeBody::Json(json!([255, 216, 0])), &headers).unwrap();
        assert_eq!((read.command.as_str(), read.args), ("add_photo", json!({ "note": "门口" })));
        assert_eq!(read.body, Some(vec![255, 216, 0]));
        let none = Envelope::read(&InvokeBody::Json(json!([])), &headers).unwrap();
        assert_eq!(none.body, Some(vec![]), "an empty file is a file");
        for strange in [json!([256]), json!([-1]), json!([1.5]), json!(["1"]), json!([null])] {
            Envelope::read(&InvokeBody::Json(strange.clone()), &headers).unwrap_err();
            bytes_of(&InvokeBody::Json(strange)).unwrap_err();
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let refused = Envelope::read(&InvokeBody::Raw(vec![]), &HeaderMap::new()).unwrap_err();
        assert_eq!(refused, "A call with raw bytes needs the header x-command.");
        let refused = Envelope::read(&InvokeBody::Json(json!([1])), &HeaderMap::new()).unwrap_err();
        assert_eq!(refused, "A call with raw bytes needs the header x-command.");
        let refused = Envelope::read(&InvokeBody::Json(json!({})), &HeaderMap::new()).unwrap_err();
        assert!(refused.contains("command"), "{refused}");
    }
}
