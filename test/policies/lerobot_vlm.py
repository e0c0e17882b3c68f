"""Run in LeRobot's environment: a SmolVLM of a few thousand weights, so that no hub is asked."""
from tokenizers import decoders, models, pre_tokenizers, Tokenizer
from transformers import (
    PreTrainedTokenizerFast,
    SmolVLMConfig,
    SmolVLMImageProcessor,
    SmolVLMProcessor,
    SmolVLMVideoProcessor,
)

SPECIAL = {'pad_token': '<pad>', 'eos_token': '<eos>'}
IMAGE = {'image_token': '<image>', 'fake_image_token': '<fake_token_around_image>',
         'global_image_token': '<global-img>', 'end_of_utterance_token': '<end_of_utterance>'}


def write_smolvlm(folder):
    """Write the configuration, tokenizer and processors that SmolVLA reads; one token per byte."""
    words = [*SPECIAL.values(), *IMAGE.values(), *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokens = Tokenizer(models.BPE({word: i for i, word in enumerate(words)}, []))
    tokens.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokens, extra_special_tokens=IMAGE,
                                        **SPECIAL)
    SmolVLMProcessor(SmolVLMImageProcessor(), tokenizer, SmolVLMVideoProcessor(),
                     image_seq_len=4).save_pretrained(folder)
    SmolVLMConfig(
        image_token_id=tokenizer.image_token_id, pad_token_id=tokenizer.pad_token_id,
        scale_factor=2,
        vision_config={'hidden_size': 16, 'intermediate_size': 32, 'num_hidden_layers': 1,
                       'num_attention_heads': 2, 'image_size': 64, 'patch_size': 16},
        text_config={'model_type': 'llama', 'vocab_size': len(tokenizer), 'hidden_size': 32,
                     'intermediate_size': 64, 'num_hidden_layers': 2, 'num_attention_heads': 4,
                     'num_key_value_heads': 2, 'head_dim': 8,
                     'pad_token_id': tokenizer.pad_token_id},
    ).save_pretrained(folder)
