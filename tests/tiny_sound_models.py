"""Tiny random pipelines of diffusers that make sounds, in their published layout; fixtures."""

from __future__ import annotations

from pathlib import Path

import pytest


def t5() -> tuple[object, object]:
    """A tiny T5 encoder and its tokenizer, whose words are letters."""
    from transformers import T5Config, T5EncoderModel, T5Tokenizer

    letters = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -2.0), ("▁", -2.0)]
    letters += [(chr(c), -3.0) for c in range(97, 123)]
    tokenizer = T5Tokenizer(vocab=letters, extra_ids=0, model_max_length=32)
    config = T5Config(
        vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2
    )
    return T5EncoderModel(config), tokenizer


@pytest.fixture(scope="session")
def stable_audio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from diffusers import (
        AutoencoderOobleck,
        CosineDPMSolverMultistepScheduler,
        StableAudioDiTModel,
        StableAudioPipeline,
        StableAudioProjectionModel,
    )

    torch.manual_seed(0)
    encoder, tokenizer = t5()
    pipeline = StableAudioPipeline(
        vae=AutoencoderOobleck(
            encoder_hidden_size=6,
            downsampling_ratios=[1, 2],
            decoder_channels=3,
            decoder_input_channels=3,
            audio_channels=2,
            channel_multiples=[2, 4],
            sampling_rate=1000,
        ),
        text_encoder=encoder,
        projection_model=StableAudioProjectionModel(
            text_encoder_dim=16, conditioning_dim=16, min_value=0, max_value=32
        ),
        tokenizer=tokenizer,
        transformer=StableAudioDiTModel(
            sample_size=400,
            in_channels=3,
            num_layers=1,
            attention_head_dim=4,
            num_attention_heads=2,
            num_key_value_attention_heads=2,
            out_channels=3,
            cross_attention_dim=16,
            cross_attention_input_dim=16,
            time_proj_dim=8,
            global_states_input_dim=32,
        ),
        scheduler=CosineDPMSolverMultistepScheduler(solver_order=2, sigma_data=1.0),
    )
    folder = tmp_path_factory.mktemp("stable-audio")
    pipeline.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def audioldm2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As published, its language model says that it is the bare GPT2Model."""
    import torch
    from diffusers import (
        AudioLDM2Pipeline,
        AudioLDM2ProjectionModel,
        AudioLDM2UNet2DConditionModel,
        AutoencoderKL,
        DDIMScheduler,
    )
    from transformers import (
        ClapConfig,
        ClapFeatureExtractor,
        ClapModel,
        GPT2Config,
        GPT2Model,
        SpeechT5HifiGan,
        SpeechT5HifiGanConfig,
    )

    torch.manual_seed(0)
    encoder, tokenizer = t5()
    letters = roberta()
    small = {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2}
    clap = ClapConfig(
        text_config={**small, "num_hidden_layers": 1, "vocab_size": len(letters)},
        audio_config={
            "spec_size": 64,
            "window_size": 4,
            "num_mel_bins": 64,
            "depths": [1, 1],
            "num_attention_heads": [2, 2],
            "num_hidden_layers": 2,
            "hidden_size": 32,
            "patch_embeds_hidden_size": 16,
            "patch_stride": 4,
        },
        projection_dim=16,
    )
    talker = GPT2Model(GPT2Config(n_embd=16, n_head=2, n_layer=1, vocab_size=50, n_positions=99))
    talker.config.max_new_tokens = 4
    vocoder = SpeechT5HifiGanConfig(
        model_in_dim=8,
        sampling_rate=1000,
        upsample_initial_channel=8,
        upsample_rates=[2, 2],
        upsample_kernel_sizes=[4, 4],
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1]],
        normalize_before=False,
    )
    pipeline = AudioLDM2Pipeline(
        vae=AutoencoderKL(
            in_channels=1,
            out_channels=1,
            block_out_channels=(16, 16),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            latent_channels=4,
            norm_num_groups=8,
        ),
        text_encoder=ClapModel(clap),
        text_encoder_2=encoder,
        projection_model=AudioLDM2ProjectionModel(16, 16, 16),
        language_model=talker,
        tokenizer=letters,
        tokenizer_2=tokenizer,
        feature_extractor=ClapFeatureExtractor(truncation="rand_trunc"),
        unet=AudioLDM2UNet2DConditionModel(
            block_out_channels=(16, 32),
            layers_per_block=1,
            sample_size=8,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=([None, 16, 16], [None, 16, 16]),
            attention_head_dim=2,
            norm_num_groups=8,
        ),
        scheduler=DDIMScheduler(clip_sample=False, set_alpha_to_one=False),
        vocoder=SpeechT5HifiGan(vocoder),
    )
    folder = tmp_path_factory.mktemp("audioldm2")
    pipeline.save_pretrained(folder)
    return folder


def roberta() -> object:
    """CLAP's kind of tokenizer, whose words are bytes."""
    from tokenizers import pre_tokenizers
    from transformers import RobertaTokenizer

    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {piece: number for number, piece in enumerate([*special, *letters])}
    return RobertaTokenizer(vocab=vocabulary, merges=[], model_max_length=77)
