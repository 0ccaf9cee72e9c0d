//! Mutations of signed authenticator data: RP ID hash, flags, trailing bytes, extensions.

use doorward_authenticator::{
    cbor::{self, Value as Cbor},
    flags, sha256,
};

use super::{
    Ceremony,
    Demand::{Form, Protocol},
    List, Scene,
};

pub(super) fn mutations<P: Ceremony>(list: &mut List<P>) {
    let mut hash = |name: &str, change: fn(&mut Vec<u8>, &Scene)| {
        list.parts(Protocol, format!("RP ID hash: {name}"), move |parts, scene| {
            change(&mut parts.authenticator_data().rp_id_hash, scene);
        });
    };
    hash("of another", |hash, _| *hash = sha256(b"evil.example").to_vec());
    hash("of the origin", |hash, scene| *hash = sha256(scene.origin.as_bytes()).to_vec());
    hash("of nothing", |hash, _| *hash = sha256(b"").to_vec());
    hash("of its upper case", |hash, scene| *hash = sha256(scene.rp_id.to_uppercase().as_bytes()).to_vec());
    hash("of a subdomain", |hash, scene| *hash = sha256(format!("www.{}", scene.rp_id).as_bytes()).to_vec());
    hash("of a parent domain", |hash, scene| {
        *hash = sha256(scene.rp_id.split_once('.').map_or("", |(_, parent)| parent).as_bytes()).to_vec();
    });
    hash("of it with a trailing dot", |hash, scene| *hash = sha256(format!("{}.", scene.rp_id).as_bytes()).to_vec());
    hash("of its hash", |hash, _| *hash = sha256(hash).to_vec());
    hash("zeros", |hash, _| hash.fill(0));
    hash("ones", |hash, _| hash.fill(0xff));
    hash("reversed", |hash, _| hash.reverse());
    hash("its first bit flipped", |hash, _| hash.iter_mut().take(1).for_each(|byte| *byte ^= 0x80));
    hash("its last bit flipped", |hash, _| hash.iter_mut().rev().take(1).for_each(|byte| *byte ^= 1));
    hash("one byte short", |hash, _| hash.truncate(31));
    hash("one byte long", |hash, _| hash.push(0));
    hash("missing", |hash, _| hash.clear());
    hash("the RP ID itself", |hash, scene| {
        *hash = scene.rp_id.clone().into_bytes();
        hash.resize(32, 0);
    });

    let mut bits = |name: &str, change: fn(u8) -> u8| {
        list.parts(Protocol, format!("flags: {name}"), move |parts, _| {
            let data = parts.authenticator_data();
            data.flags = change(data.flags);
        });
    };
    bits("none", |_| 0);
    bits("user not present", |bits| bits & !flags::UP);
    bits("attested data flag inverted", |bits| bits ^ flags::AT);
    bits("extension flag without extensions", |bits| bits | flags::ED);
    bits("all", |_| 0xff);
    bits("backed up but not eligible", |bits| (bits & !flags::BE) | flags::BS);
    list.parts(Protocol, "flags: user not verified", |parts, scene| {
        if scene.verifies {
            parts.authenticator_data().flags &= !flags::UV;
        }
    });

    for (name, length) in [("empty", 0), ("1 byte", 1), ("31 bytes", 31), ("32 bytes", 32), ("36 bytes", 36)] {
        list.parts(Protocol, format!("authenticator data: {name}"), move |parts, _| {
            parts.authenticator_data().cut = Some(length);
        });
    }
    for (name, bytes) in [
        ("a zero", vec![0]),
        ("32 bytes", vec![0xaa; 32]),
        ("an empty map", vec![0xa0]),
        ("another authenticator data", vec![1; 37]),
        ("64 KiB", vec![0; 65_536]),
    ] {
        list.parts(Form, format!("authenticator data: {name} appended"), move |parts, _| {
            parts.authenticator_data().trailing.clone_from(&bytes);
        });
    }
    extensions(list);
}

fn extensions<P: Ceremony>(list: &mut List<P>) {
    let good = cbor::encode(&cbor::text_map([("credProtect", Cbor::Integer(1.into()))]));
    let short = good.get(..good.len() - 1).unwrap_or_default().to_vec();
    let deep = [vec![0x81; 10_000], vec![0xa0]].concat();
    for (name, demand, bytes) in [
        ("cut", Protocol, short),
        ("followed by a zero", Form, [&*good, &[0]].concat()),
        ("a number", Form, vec![1]),
        ("an array", Form, vec![0x80]),
        ("null", Form, vec![0xf6]),
        ("text", Form, vec![0x61, b'a']),
        ("not CBOR", Protocol, vec![0xff]),
        ("a map of 2^64 - 1 entries", Protocol, vec![0xbb, 255, 255, 255, 255, 255, 255, 255, 255]),
        ("a text of 2^63 bytes", Protocol, vec![0xa1, 0x7b, 128, 0, 0, 0, 0, 0, 0, 0]),
        ("10000 arrays deep", Form, deep),
    ] {
        list.parts(demand, format!("extensions: {name}"), move |parts, _| {
            let data = parts.authenticator_data();
            data.flags |= flags::ED;
            data.extensions = Some(bytes.clone());
        });
    }
    list.parts(Form, "extensions: without their flag", move |parts, _| {
        parts.authenticator_data().extensions = Some(good.clone());
    });
}
