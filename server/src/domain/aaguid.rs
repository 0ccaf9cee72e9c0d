//! Built-in names of common authenticator models and passkey providers, for models that the metadata does not name.

use uuid::Uuid;

/// AAGUIDs and names of common authenticator models, sorted by AAGUID for binary search.
const KNOWN: &[(u128, &str)] = &[
    (0x0898_7058_cadc_4b81_b6e1_30de_50dc_be96, "Windows Hello"),
    (0x0ea2_42b4_43c4_4a1b_8b17_dd6d_0b6b_aec6, "Keeper"),
    (0x149a_2021_8ef6_4133_96b8_81f8_d5b7_f1f5, "Security Key NFC by Yubico"),
    (0x2fc0_579f_8113_47ea_b116_bb5a_8db9_202a, "YubiKey 5 NFC"),
    (0x39a5_647e_1853_446c_a1f6_a79b_ae9f_5bc7, "IDmelon"),
    (0x5072_6f74_6f6e_5061_7373_5072_6f74_6f6e, "Proton Pass"),
    (0x5311_26d6_e717_415c_9320_3d9a_a698_1239, "Dashlane"),
    (0x5341_4d53_554e_4700_0000_0000_0000_0000, "Samsung Pass"),
    (0x6028_b017_b1d4_4c02_b4b3_afcd_afc9_6bb2, "Windows Hello"),
    (0x6d44_ba9b_f6ec_2e49_b930_0c8f_e920_cb73, "Security Key NFC by Yubico"),
    (0x771b_48fd_d3d4_4f74_9232_fc15_7ab0_507a, "Edge on Mac"),
    (0x8914_94da_2c90_4d31_a9cd_4eab_0aed_1309, "Sésame"),
    (0x9ddd_1817_af5a_4672_a2b9_3e3d_d950_00a9, "Windows Hello"),
    (0xadce_0002_35bc_c60a_648b_0b25_f1f0_5503, "Chrome on Mac"),
    (0xb35a_26b2_8f6e_4697_ab1d_d44d_b4da_28c6, "Zoho Vault"),
    (0xb539_7666_4885_aa6b_cebf_e522_62a4_39a2, "Chromium Browser"),
    (0xb78a_0a55_6ef8_d246_a042_ba0f_6d55_050c, "LastPass"),
    (0xb84e_4048_15dc_4dd0_8640_f4f6_0813_c8af, "NordPass"),
    (0xbada_5566_a7aa_401f_bd96_4561_9a55_120d, "1Password"),
    (0xc5ef_55ff_ad9a_4b9f_b580_adeb_afe0_26d0, "YubiKey 5Ci"),
    (0xcb69_481e_8ff7_4039_93ec_0a27_29a1_54a8, "YubiKey 5"),
    (0xd548_826e_79b4_db40_a3d8_1111_6f7e_8349, "Bitwarden"),
    (0xd852_2d9f_575b_4866_88a9_ba99_fa02_f35b, "YubiKey Bio"),
    (0xdd4e_c289_e01d_41c9_bb89_70fa_845d_4bf2, "iCloud Keychain (managed)"),
    (0xde50_3f9c_21a4_4f76_b4b7_558e_b55c_6f89, "Devolutions"),
    (0xea9b_8d66_4d01_1d21_3ce4_b6b4_8cb5_75d4, "Google Password Manager"),
    (0xee88_2879_721c_4913_9775_3dfc_ce97_072a, "YubiKey 5"),
    (0xf380_9540_7f14_49c1_a8b3_8f81_3b22_5541, "Enpass"),
    (0xf8a0_11f3_8c0a_4d15_8006_1711_1f9e_dc7d, "Security Key by Yubico"),
    (0xfa2b_99dc_9e39_4257_8f92_4a30_d23c_4118, "YubiKey 5 NFC"),
    (0xfbfc_3007_154e_4ecc_8c0b_6e02_0557_d7bd, "iCloud Keychain"),
    (0xfdb1_41b2_5d84_443e_8a35_4698_c205_a502, "KeePassXC"),
];

pub fn model(aaguid: Uuid) -> Option<&'static str> {
    let index = KNOWN.binary_search_by_key(&aaguid.as_u128(), |(id, _)| *id).ok()?;
    KNOWN.get(index).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_is_sorted_and_searchable() {
        assert!(KNOWN.is_sorted_by_key(|(id, _)| *id));
        assert_eq!(model(Uuid::from_u128(0xd548_826e_79b4_db40_a3d8_1111_6f7e_8349)), Some("Bitwarden"));
        assert_eq!(model(Uuid::nil()), None);
    }
}
