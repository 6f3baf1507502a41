//! `chapar call` and `chapar socket`: the protocol by hand.

use std::io::Read;

use serde_json::{Value, json};

use super::Context;
use crate::args::CallArgs;
use crate::daemon::socket;
use crate::error::{Fault, exit};
use crate::screen::{Form, Line};

/// The largest message of the protocol; more cannot be sent.
const PARAMS_LIMIT: u64 = 1 << 20;

/// Calls one method and prints its result.
pub(crate) fn call(context: &Context<'_>, args: &CallArgs) -> Result<u8, Fault> {
    let params = params(args.params.as_deref())?;
    let result = context.open()?.call_raw(&args.method, &params).map_err(named)?;
    match context.screen.form {
        Form::Json => {
            let members = json!({"method": args.method, "result": result});
            context.screen.object("call", members)?;
        }
        Form::Human | Form::Plain => context.screen.json(&result)?,
    }
    Ok(exit::OK)
}

/// A method that does not exist was named by the caller; everything else is as it came.
fn named(fault: Fault) -> Fault {
    let kind = fault.wire.as_ref().and_then(|wire| wire.pointer("/data/type"));
    if kind.and_then(Value::as_str) != Some("unknownMethod") {
        return fault;
    }
    let mut fault = fault.without_commands().try_command(["chapar", "call", "rpc.discover"]);
    "input.data".clone_into(&mut fault.code);
    fault.exit = exit::BAD_DATA;
    fault
}

fn params(given: Option<&str>) -> Result<Value, Fault> {
    let text = match given {
        None => return Ok(json!({})),
        Some("-") => {
            let mut text = String::new();
            std::io::stdin().lock().take(PARAMS_LIMIT).read_to_string(&mut text).map_err(
                |cause| {
                    Fault::new("input.data", "could not read the parameters")
                        .because(cause.to_string())
                },
            )?;
            text
        }
        Some(text) => text.to_owned(),
    };
    let refused = |why: String| {
        Fault::new("input.data", "the parameters are not one JSON object")
            .because(why)
            .without_commands()
    };
    match serde_json::from_str(&text) {
        Ok(params @ Value::Object(_)) => Ok(params),
        Ok(other) => Err(refused(format!("{} is no object", cut_value(&other)))),
        Err(cause) => Err(refused(cause.to_string())),
    }
}

fn cut_value(value: &Value) -> String {
    crate::screen::cut(&value.to_string(), 40)
}

/// Prints where the socket is.
pub(crate) fn print_socket(context: &Context<'_>) -> Result<u8, Fault> {
    let path = socket(context.global)?;
    match context.screen.form {
        Form::Json => context.screen.object("socket", json!({"socket": path}))?,
        Form::Human | Form::Plain => {
            context.screen.answer(&Line::of(path.display().to_string()))?;
        }
    }
    Ok(exit::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_one_object() {
        assert_eq!(params(None).unwrap(), json!({}));
        assert_eq!(params(Some(r#"{"a":1}"#)).unwrap(), json!({"a": 1}));
        for text in ["", "[]", "1", "{", "{}{}"] {
            assert_eq!(params(Some(text)).unwrap_err().exit, 65, "{text:?}");
        }
    }
}
