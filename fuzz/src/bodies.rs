//! Bodies of requests, and the small texts in paths and queries.

use crate::parts;
use cds_api::{fleet::*, groups::*, projects::*, runs::*, users::*, worker::*};
use cds_model::{Attempt, JobRef, ProjectId, RunId, Status, Timestamp};
use serde::{Serialize, de::DeserializeOwned};

/// What is read can be written, and is then read as the same.
fn body<T: Serialize + DeserializeOwned>(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<T>(data) else { return };
    let once = serde_json::to_vec(&value).expect("what was read can be written");
    let again: T = serde_json::from_slice(&once).expect("what was written can be read");
    assert_eq!(once, serde_json::to_vec(&again).expect("twice"));
}

/// One JSON text for every type of request.
pub fn bodies(data: &[u8]) {
    body::<Encrypt>(data);
    body::<Event>(data);
    body::<GpgKeyImport>(data);
    body::<Grant>(data);
    body::<HatcheryRegister>(data);
    body::<HatcheryOrders>(data);
    body::<HatcherySync>(data);
    body::<KeyCreate>(data);
    body::<KeyUpdate>(data);
    body::<MemberPut>(data);
    body::<PasswordChange>(data);
    body::<ProjectCreate>(data);
    body::<ProjectUpdate>(data);
    body::<RunStart>(data);
    body::<RunStop>(data);
    body::<SignIn>(data);
    body::<SignUp>(data);
    body::<SignUpVerify>(data);
    body::<TokenCreate>(data);
    body::<Variable>(data);
    body::<WorkerOrder>(data);
    body::<WorkerRegister>(data);
    body::<WorkerReport>(data);
    body::<WorkerResult>(data);
    body::<WorkerTags>(data);
    body::<WorkerTake>(data);
    body::<WorkerTests>(data);
    body::<WorkerVersion>(data);
    body::<Assignment>(data);
}

/// Ids, states, instants.
pub fn ids(data: &[u8]) {
    for part in parts(data) {
        if let Ok(job) = part.parse::<JobRef>() {
            assert_eq!(job.to_string().parse::<JobRef>().ok(), Some(job));
        }
        if let Ok(run) = part.parse::<RunId>() {
            assert_eq!(run.to_string().parse::<RunId>().ok(), Some(run));
        }
        let _ = (part.parse::<ProjectId>(), part.parse::<Attempt>());
        if let Ok(status) = part.parse::<Status>() {
            assert_eq!(status.as_str().parse::<Status>().ok(), Some(status));
        }
        if let Ok(stream) = part.parse::<cds_blobs::LogStream>() {
            assert_eq!(stream.to_string().parse().ok(), Some(stream));
        }
        if let Ok(ms) = part.parse::<i64>() {
            let at = Timestamp(ms);
            let _ = (at.to_rfc3339(), at.since(Timestamp(i64::MIN)), Timestamp(0).since(at));
        }
    }
}
