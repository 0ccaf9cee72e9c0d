//! A test manufacturer of authenticators, with metadata of its model. `fixtures/mds/generate.py` writes the files.

use std::collections::BTreeMap;

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
};
use doorward_authenticator::{base64url, from_base64url};
use serde_cbor_2::Value as Cbor;
use serde_json::{Value, json};

/// AAGUID of the manufacturer's model.
pub const AAGUID: [u8; 16] = [0xd0, 0x01, 0x2a, 0x7d, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1];
/// Name of the model in the metadata.
pub const MODEL: &str = "Test key";

/// Root certificate (PEM) that verifies the signatures of the BLOBs.
pub const ROOT: &[u8] = include_bytes!("../fixtures/mds/root.pem");
/// BLOB with number 1: the model is certified with level 1. This BLOB also contains models of the published metadata.
pub const BLOB: &[u8] = include_bytes!("../fixtures/mds/blob-1.jwt");
/// BLOB with number 2: the model is revoked.
pub const REVOKED_BLOB: &[u8] = include_bytes!("../fixtures/mds/blob-2.jwt");
/// BLOB with number 3, whose next update was due in January 2026.
pub const OUTDATED_BLOB: &[u8] = include_bytes!("../fixtures/mds/blob-3-outdated.jwt");

const CERTIFICATE: &[u8] = include_bytes!("../fixtures/mds/attestation.der");
const KEY: &[u8] = include_bytes!("../fixtures/mds/attestation.p8");

/// Replaces the attestation statement in the body of a finalize request. The new statement has the format `packed`, and
/// the manufacturer's attestation key signs it. The authenticator must have the AAGUID of the manufacturer's model.
pub fn attest(body: &mut Value) {
    let bytes = |member: &Value| from_base64url(member.as_str().expect("text")).expect("base64url");
    let client_data = bytes(&body["response"]["clientDataJSON"]);
    let object = serde_cbor_2::from_slice(&bytes(&body["response"]["attestationObject"])).expect("CBOR");
    let Cbor::Map(mut object) = object else { panic!("an attestation object is a map") };
    let text = |name: &str| Cbor::Text(name.to_owned());
    let Some(Cbor::Bytes(authenticator_data)) = object.get(&text("authData")) else { panic!("no authenticator data") };
    let message = [authenticator_data, digest(&SHA256, &client_data).as_ref()].concat();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, KEY).expect("a key");
    let signature = key.sign(&SystemRandom::new(), &message).expect("a signature");
    let statement = BTreeMap::from([
        (text("alg"), Cbor::Integer(-7)),
        (text("sig"), Cbor::Bytes(signature.as_ref().to_vec())),
        (text("x5c"), Cbor::Array(vec![Cbor::Bytes(CERTIFICATE.to_vec())])),
    ]);
    object.insert(text("fmt"), text("packed"));
    object.insert(text("attStmt"), Cbor::Map(statement));
    let object = serde_cbor_2::to_vec(&Cbor::Map(object)).expect("CBOR");
    body["response"]["attestationObject"] = json!(base64url(&object));
}
