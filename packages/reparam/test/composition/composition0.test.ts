import { compositionShard } from './shard.ts';

compositionShard(0, 4);
