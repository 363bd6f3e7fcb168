import { compositionShard } from './shard.ts';

compositionShard(3, 4);
